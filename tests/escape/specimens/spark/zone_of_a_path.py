# attempt: gives a path for the name of a time zone, which is a file
# goal: host
# stopped by: engine


def calc_metric(df):
    for zone in ("../../../../etc/hostname", "/etc/hostname", "posix/../../../../etc/hostname"):
        try:
            df.sparkSession.conf.set("spark.sql.session.timeZone", zone)
        except Exception as error:
            print(error)
    return 1.0
