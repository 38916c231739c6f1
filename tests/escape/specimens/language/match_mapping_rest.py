# attempt: takes the rest of a mapping, builtins among it
# goal: file
# stopped by: language, worker


def calc_metric(df):
    match calc_metric.__globals__:
        case {"__builtins__": builtins, **rest}:
            return float(builtins["open"](CANARY_TXT).read())
    return -1
