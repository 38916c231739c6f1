# attempt: runs a file as a program
# goal: file
# stopped by: language, worker

import runpy


def calc_metric(df):
    return float(runpy.run_path(CANARY_PY)["secret"])
