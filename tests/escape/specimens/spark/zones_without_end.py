# attempt: has the server keep a session for each of many time zones
# goal: run
# stopped by: engine


def calc_metric(df):
    for minute in range(1080):
        df.sparkSession.conf.set("spark.sql.session.timeZone", f"+{minute // 60:02}:{minute % 60:02}")
        df.count()
    return 1.0
