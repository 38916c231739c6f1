# code: call-refused
# names: spark.sql.warehouse.dir
def calc_metric(df):
    df.sparkSession.conf.set("spark.sql.warehouse.dir", "/tmp")
    return df.count()
