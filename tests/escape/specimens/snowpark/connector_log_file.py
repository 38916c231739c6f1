# attempt: has the connector log to a file of its choice
# goal: write
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    logging = snowpark.context.logging
    logging.getLogger("snowflake").addHandler(logging.FileHandler(CANARY_OUTPUT))
    return 1.0
