# attempt: looks at the frames above a replacement
# goal: file
# stopped by: language, worker

import re


def calc_metric(df):
    def walk(match):
        return (lambda: 0).__globals__["__builtins__"]["open"](CANARY_TXT).read()

    return float(re.sub("x", walk, "x").strip())
