# attempt: makes a dataclass of a class that is not the metric's
# goal: file
# stopped by: language, worker

import dataclasses
import string


def calc_metric(df):
    made = dataclasses.dataclass(string.Template)
    return float(made.substitute.__globals__["__builtins__"]["open"](CANARY_TXT).read())
