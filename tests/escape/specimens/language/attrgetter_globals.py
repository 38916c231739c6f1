# attempt: asks attrgetter for the globals of a function
# goal: file
# stopped by: language, worker

import json
import operator


def calc_metric(df):
    return float(operator.attrgetter("dumps.__globals__")(json)["__builtins__"]["open"](CANARY_TXT).read())
