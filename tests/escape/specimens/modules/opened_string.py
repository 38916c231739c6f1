# attempt: walks from the open module string to builtins
# goal: file
# stopped by: language, worker

import string


def calc_metric(df):
    return float(string._re.enum.bltns.open(CANARY_TXT).read())
