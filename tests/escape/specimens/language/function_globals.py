# attempt: asks its own function for its globals
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(calc_metric.__globals__["__builtins__"]["open"](CANARY_TXT).read())
