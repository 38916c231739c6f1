# attempt: has an annotation evaluated
# goal: file
# stopped by: language, worker

import typing


def calc_metric(df):
    class Fields:
        x: "typing.Annotated[int, open(CANARY_TXT).read()]"

    found = typing.get_type_hints(Fields, {"typing": typing}, include_extras=True)
    return float(found["x"].__metadata__[0])
