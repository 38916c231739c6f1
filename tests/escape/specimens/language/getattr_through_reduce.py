# attempt: lets map call getattr, with names of a list
# goal: file
# stopped by: language, worker


def calc_metric(df):
    step = calc_metric
    for name in ["__globals__"]:
        step = list(map(getattr, [step], [name]))[0]
    return float(step["__builtins__"]["open"](CANARY_TXT).read())
