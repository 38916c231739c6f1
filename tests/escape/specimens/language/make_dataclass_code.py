# attempt: writes code into the namespace of make_dataclass
# goal: file
# stopped by: language, worker

import dataclasses


def calc_metric(df):
    made = dataclasses.make_dataclass(
        "P", [("x", int)], namespace={"go": lambda self: open(CANARY_TXT).read()}
    )
    return float(made(1).go())
