# attempt: goes round the jail by another process's view of the root
# goal: file
# stopped by: language, worker

import os


def calc_metric(df):
    for number in (1, os.getppid(), CANARY_PID):
        try:
            return float(open(f"/proc/{number}/root{CANARY_TXT}").read())
        except OSError:
            continue
    return -1
