# attempt: changes a class of the standard library, for all frames
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import json


def calc_metric(df):
    found = json.JSONEncoder.item_separator
    json.JSONEncoder.item_separator = ";"
    return 1.0 if found == ", " else CANARY_NUMBER
