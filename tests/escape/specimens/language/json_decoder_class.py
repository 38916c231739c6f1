# attempt: gives the JSON reader a class of its own
# goal: file
# stopped by: language, worker

import json


def calc_metric(df):
    class Reader(json.JSONDecoder):
        def decode(self, text):
            return open(CANARY_TXT).read()

    return float(json.loads("1", cls=Reader))
