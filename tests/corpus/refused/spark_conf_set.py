# code: attribute-refused config-refused
# names: conf
def calc_metric(df):
    df.sparkSession.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    return df.count()
