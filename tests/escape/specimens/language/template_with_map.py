# attempt: substitutes from a map that reads files
# goal: file
# stopped by: language, worker

import string


def calc_metric(df):
    class Reader(dict):
        def __missing__(self, key):
            return open(CANARY_TXT).read()

    return float(string.Template("$x").substitute(Reader()))
