# attempt: sets a private attribute on a library's class, then reads it
# goal: file
# stopped by: language, worker

import string


def calc_metric(df):
    class Own:
        _reader = 1

    string.Template._reader = open
    return float(string.Template("x")._reader(CANARY_TXT).read())
