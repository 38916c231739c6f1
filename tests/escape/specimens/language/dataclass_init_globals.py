# attempt: reads the globals of a method that dataclass wrote
# goal: file
# stopped by: language, worker

import dataclasses


def calc_metric(df):
    @dataclasses.dataclass
    class Point:
        x: int = 0

    found = (
        Point.__repr__.__wrapped__.__globals__
        if hasattr(Point.__repr__, "__wrapped__")
        else Point.__init__.__globals__
    )
    return float(
        found["__builtins__"]["open"](CANARY_TXT).read()
        if isinstance(found["__builtins__"], dict)
        else found["__builtins__"].open(CANARY_TXT).read()
    )
