# attempt: walks from the functions to the package, and on to sys
# goal: file
# stopped by: language, worker

import snowflake.snowpark.functions as sf


def calc_metric(df):
    return float(sf.snowflake.snowpark.sys.modules["io"].open(CANARY_TXT).read())
