# attempt: walks from a class of numbers
# goal: file
# stopped by: language, worker

import fractions


def calc_metric(df):
    return float(
        fractions.Fraction.limit_denominator.__globals__["sys"].modules["io"].open(CANARY_TXT).read()
    )
