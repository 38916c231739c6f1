# attempt: puts a folder on the path, and imports what lies there
# goal: file
# stopped by: language, worker

import sys

sys.path.insert(0, CANARY_FOLDER)


def calc_metric(df):
    import credentials

    return float(credentials.secret)
