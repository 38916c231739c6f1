# attempt: makes a table at a place of its choice
# goal: write
# stopped by: gateway, server


def calc_metric(df):
    session = df.sparkSession
    session.sql(
        f"create table stolen_copy using parquet location '{CANARY_OUTPUT}' as select 1 as a"
    ).collect()
    return 1.0
