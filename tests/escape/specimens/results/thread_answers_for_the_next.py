# attempt: leaves a thread behind that patches the sandbox
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import sys
import threading


def calc_metric(df):
    def patch():
        sys.modules["sandbox.outcome"]._to_float = lambda value: CANARY_NUMBER

    found = sys.modules["sandbox.outcome"]._to_float(1.5)
    thread = threading.Thread(target=patch)
    thread.start()
    thread.join()
    return found
