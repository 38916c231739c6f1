# attempt: walks from a number to copyreg through its pickling method
# goal: file
# stopped by: language, worker


def calc_metric(df):
    rebuild = (1).__reduce_ex__(2)[0]
    return float(rebuild.__globals__["__builtins__"]["open"](CANARY_TXT).read())
