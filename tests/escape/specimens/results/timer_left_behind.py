# attempt: sets a timer, to interrupt the next frame
# goal: frame
# stopped by: engine

import signal
import time


def calc_metric(df):
    signal.signal(signal.SIGALRM, lambda *args: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    return 1.0
