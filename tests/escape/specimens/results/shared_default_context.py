# attempt: changes the settings that new decimal contexts begin with
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import decimal


def calc_metric(df):
    found = decimal.DefaultContext.prec
    decimal.DefaultContext.prec = 5
    return 1.0 if found == 28 else CANARY_NUMBER
