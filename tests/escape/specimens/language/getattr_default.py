# attempt: hopes that the default of getattr escapes its guard
# goal: file
# stopped by: language, worker


def calc_metric(df):
    reach = getattr(1, "nothing", getattr)
    scope = reach(calc_metric, "__globals__")
    return float(scope["__builtins__"]["open"](CANARY_TXT).read())
