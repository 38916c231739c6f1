# attempt: reads the globals of textwrap.dedent
# goal: file
# stopped by: language, worker

import textwrap


def calc_metric(df):
    return float(textwrap.dedent.__globals__["__builtins__"]["open"](CANARY_TXT).read())
