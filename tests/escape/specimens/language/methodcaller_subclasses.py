# attempt: calls __subclasses__ by name
# goal: file
# stopped by: language, worker

import operator


def calc_metric(df):
    kinds = operator.methodcaller("__subclasses__")(object)
    kind = [one for one in kinds if one.__name__ == "_wrap_close"][0]
    found = kind.__init__.__globals__
    return float(found["read"](found["open"](CANARY_TXT, 0), 99))
