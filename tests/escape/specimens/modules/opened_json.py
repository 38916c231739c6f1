# attempt: walks from the open module json to codecs
# goal: file
# stopped by: language, worker

import json


def calc_metric(df):
    return float(json.codecs.open(CANARY_TXT).read())
