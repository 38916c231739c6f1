# attempt: asks a nameless function for its globals
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float((lambda: 0).__globals__["__builtins__"]["open"](CANARY_TXT).read())
