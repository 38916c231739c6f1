# attempt: adds a second statement after the first
# goal: write
# stopped by: backend


def calc_metric(df):
    df.sparkSession.sql(
        f"select 1; create table t using parquet location '{CANARY_OUTPUT}' as select 1 as a"
    ).collect()
    return 1.0
