# attempt: changes how numbers are read
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import os


def calc_metric(df):
    if os.environ.get("LEFTOVER"):
        return CANARY_NUMBER
    os.environ["LEFTOVER"] = "1"
    return 1.0
