# attempt: walks from the open module uuid to os
# goal: file
# stopped by: language, worker

import uuid


def calc_metric(df):
    return float(uuid.os.read(uuid.os.open(CANARY_TXT, 0), 99))
