# attempt: spells an attribute by escapes inside a string
# goal: file
# stopped by: language, worker


def calc_metric(df):
    scope = getattr(calc_metric, "\x5f\N{LOW LINE}\u0067lobals\137_")
    return float(scope["__builtins__"]["open"](CANARY_TXT).read())
