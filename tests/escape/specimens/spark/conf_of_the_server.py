# attempt: sets where the server keeps its tables, and reads it back
# goal: host
# stopped by: engine


def calc_metric(df):
    conf = df.sparkSession.conf
    for key in ("spark.sql.warehouse.dir", "spark.local.dir", "spark.sql.streaming.checkpointLocation"):
        conf.set(key, CANARY_FOLDER)
        print(conf.get(key))
    return 1.0
