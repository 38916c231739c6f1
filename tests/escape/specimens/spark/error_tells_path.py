# attempt: provokes an error that tells where the data lies
# goal: host
# stopped by: engine


def calc_metric(df):
    try:
        df.select("nothing_of_this_name").collect()
    except Exception as error:
        print(error)
    try:
        df.sparkSession.sql(f"select * from parquet.`{CANARY_FOLDER}/none.parquet`").collect()
    except Exception as error:
        print(error)
    return 1.0
