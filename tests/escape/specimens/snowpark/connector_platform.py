# attempt: asks for the machine's name through the connector
# goal: host
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    print(snowpark.async_job.snowflake.connector.compat.platform.node())
    return 1.0
