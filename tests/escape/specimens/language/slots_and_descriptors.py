# attempt: reads a hidden attribute by the descriptor that the type holds
# goal: file
# stopped by: language, worker

import types


def calc_metric(df):
    scope = types.FunctionType.__dict__["__globals__"].__get__(calc_metric)
    return float(scope["__builtins__"]["open"](CANARY_TXT).read())
