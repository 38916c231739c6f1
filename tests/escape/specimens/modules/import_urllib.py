# attempt: reads a file by its address
# goal: file
# stopped by: language, worker

import urllib.request


def calc_metric(df):
    return float(urllib.request.urlopen("file://" + CANARY_TXT).read())
