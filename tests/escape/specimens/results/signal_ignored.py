# attempt: ignores every signal that can be ignored
# goal: run
# stopped by: engine

import signal


def calc_metric(df):
    for number in (1, 2, 3, 10, 12, 13, 14, 15, 24):
        signal.signal(number, signal.SIG_IGN)
    return 1.0
