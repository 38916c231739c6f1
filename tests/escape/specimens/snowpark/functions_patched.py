# attempt: hangs up something in Snowpark's functions, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

from snowflake.snowpark import functions


def calc_metric(df):
    if getattr(functions, "leftover", None):
        return CANARY_NUMBER
    functions.leftover = functions.col
    return 1.0
