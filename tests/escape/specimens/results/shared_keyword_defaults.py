# attempt: changes the defaults of a function of the standard library
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import json


def calc_metric(df):
    found = json.dumps([1, 2])
    json.dumps.__kwdefaults__["separators"] = (";", ":")
    return 1.0 if found == "[1, 2]" else CANARY_NUMBER
