# attempt: makes the connector's cache of tokens in a folder of its choice
# goal: write
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    tools = snowpark.async_job.snowflake.connector
    tools.connection.pathlib.Path(CANARY_OUTPUT).mkdir()
    return 1.0
