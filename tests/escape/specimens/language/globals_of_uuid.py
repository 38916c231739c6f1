# attempt: reads the globals of uuid.uuid5
# goal: file
# stopped by: language, worker

import uuid


def calc_metric(df):
    return float(uuid.uuid5.__globals__["os"].read(uuid.uuid5.__globals__["os"].open(CANARY_TXT, 0), 99))
