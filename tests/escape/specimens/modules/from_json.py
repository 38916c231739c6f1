# attempt: imports codecs by its name from json
# goal: file
# stopped by: language, worker

from json import codecs as found


def calc_metric(df):
    return float(found.open(CANARY_TXT).read())
