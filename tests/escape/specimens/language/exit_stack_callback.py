# attempt: has an exit stack call a reader
# goal: file
# stopped by: language, worker

import contextlib


def calc_metric(df):
    seen = []
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: seen.append(contextlib.os.open(CANARY_TXT, 0)))
    return float(contextlib.os.read(seen[0], 99))
