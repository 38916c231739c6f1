# attempt: has the JSON reader call getattr
# goal: file
# stopped by: language, worker

import json


def calc_metric(df):
    found = json.loads("[1]", parse_int=lambda text: getattr(json, "codecs"))[0]
    return float(found.open(CANARY_TXT).read())
