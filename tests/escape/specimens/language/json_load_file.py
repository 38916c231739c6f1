# attempt: reads a file as JSON
# goal: file
# stopped by: language, worker

import json


def calc_metric(df):
    return float(json.load(open(CANARY_TXT)))
