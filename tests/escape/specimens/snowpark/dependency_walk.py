# attempt: walks from a data type to the module that made it
# goal: file
# stopped by: language, worker

from snowflake.snowpark import types


def calc_metric(df):
    scope = types.StringType.__init__.__globals__
    return float(scope["__builtins__"]["open"](CANARY_TXT).read())
