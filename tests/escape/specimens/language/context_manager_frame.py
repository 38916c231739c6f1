# attempt: reads the frame of a context manager's generator
# goal: file
# stopped by: language, worker

import contextlib


def calc_metric(df):
    @contextlib.contextmanager
    def manage():
        yield

    found = manage().gen.gi_frame.f_globals["__builtins__"]
    found = found if isinstance(found, dict) else vars(found)
    return float(found["open"](CANARY_TXT).read())
