# attempt: takes a module out of the functions by getattr
# goal: file
# stopped by: language, worker

import snowflake.snowpark.functions as sf


def calc_metric(df):
    found = getattr(getattr(sf, "functools"), "reduce")
    return float(found(lambda _, path: open(path).read(), [CANARY_TXT], ""))
