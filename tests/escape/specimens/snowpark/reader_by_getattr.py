# attempt: spells the way to os at run time
# goal: file
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    step = snowpark
    for name in ("file_operation", "o" + "s"):
        step = getattr(step, name)
    return float(step.read(step.open(CANARY_TXT, 0), 100))
