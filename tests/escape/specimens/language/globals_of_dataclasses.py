# attempt: reads the globals of dataclasses.asdict
# goal: file
# stopped by: language, worker

import dataclasses


def calc_metric(df):
    return float(dataclasses.asdict.__globals__["sys"].modules["io"].open(CANARY_TXT).read())
