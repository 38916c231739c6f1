# attempt: imports by importlib, found in the session's module
# goal: file
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    return float(snowpark.session.importlib.import_module("io").open(CANARY_TXT).read())
