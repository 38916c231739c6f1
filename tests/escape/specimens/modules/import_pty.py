# attempt: starts a program on a terminal of its own
# goal: process
# stopped by: language, worker

import os
import pty
import signal


def calc_metric(df):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    child, _ = pty.fork()
    if child == 0:
        os.execv("/bin/sleep", [CANARY_MARK, "30"])
    return 1.0
