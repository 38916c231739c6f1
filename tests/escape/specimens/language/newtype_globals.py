# attempt: reads the globals of typing's methods
# goal: file
# stopped by: language, worker

import typing


def calc_metric(df):
    found = (
        typing.NewType.__call__.__globals__
        if hasattr(typing.NewType.__call__, "__globals__")
        else typing.NewType.__init__.__globals__
    )
    return float(found["sys"].modules["io"].open(CANARY_TXT).read())
