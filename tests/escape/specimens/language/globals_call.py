# attempt: asks for the dict of globals
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(globals()["__builtins__"]["open"](CANARY_TXT).read())
