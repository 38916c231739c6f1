# attempt: walks from the open module datetime to sys
# goal: file
# stopped by: language, worker

import datetime


def calc_metric(df):
    return float(datetime.sys.modules["io"].open(CANARY_TXT).read())
