# attempt: writes by gzip, found in Snowpark
# goal: write
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    with snowpark.file_operation.gzip.open(CANARY_OUTPUT, "wb") as target:
        target.write(b"stolen")
    return 1.0
