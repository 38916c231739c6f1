# attempt: keeps getattr in a default argument, for later
# goal: file
# stopped by: language, worker


def read(obj, name, how=getattr):
    return how(obj, name)


def calc_metric(df):
    return float(read(read, "__globals__")["__builtins__"]["open"](CANARY_TXT).read())
