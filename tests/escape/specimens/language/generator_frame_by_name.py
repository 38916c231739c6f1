# attempt: reads a generator's frame by getattr
# goal: file
# stopped by: language, worker


def calc_metric(df):
    steps = (step for step in [1])
    frame = getattr(steps, "gi_" + "frame")
    return float(getattr(frame, "f_" + "builtins")["open"](CANARY_TXT).read())
