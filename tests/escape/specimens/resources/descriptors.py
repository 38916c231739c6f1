# attempt: opens files until there are too many
# goal: run
# stopped by: engine

import os


def calc_metric(df):
    kept = []
    try:
        while len(kept) < 5000:
            kept.append(os.open(os.__file__, 0))
    except OSError:
        pass
    return 1.0
