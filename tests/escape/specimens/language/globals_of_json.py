# attempt: reads the globals of json.dumps
# goal: file
# stopped by: language, worker

import json


def calc_metric(df):
    return float(json.dumps.__globals__["__builtins__"]["open"](CANARY_TXT).read())
