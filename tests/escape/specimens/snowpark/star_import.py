# attempt: imports every name of the functions, modules among them
# goal: file
# stopped by: language, worker

from snowflake.snowpark.functions import *


def calc_metric(df):
    return float(inspect.currentframe().f_builtins["open"](CANARY_TXT).read())
