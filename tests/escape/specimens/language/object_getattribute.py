# attempt: calls object's own attribute access, unguarded
# goal: file
# stopped by: language, worker


def calc_metric(df):
    scope = object.__getattribute__(calc_metric, "__globals__")
    return float(scope["__builtins__"]["open"](CANARY_TXT).read())
