# attempt: evaluates a forward reference
# goal: file
# stopped by: language, worker

import typing


def calc_metric(df):
    found = typing.ForwardRef("typing.Annotated[int, open(CANARY_TXT).read()]")._evaluate(
        {"typing": typing}, {}, frozenset()
    )
    return float(found.__metadata__[0])
