# attempt: imports random by its name from statistics
# goal: file
# stopped by: language, worker

from statistics import random as found


def calc_metric(df):
    return float(found._os.read(found._os.open(CANARY_TXT, 0), 99))
