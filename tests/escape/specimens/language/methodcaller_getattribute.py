# attempt: calls __getattribute__ by name
# goal: file
# stopped by: language, worker

import json
import operator


def calc_metric(df):
    found = operator.methodcaller("__getattribute__", "__globals__")(json.dumps)
    return float(found["__builtins__"]["open"](CANARY_TXT).read())
