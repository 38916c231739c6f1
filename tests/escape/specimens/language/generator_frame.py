# attempt: reads the builtins of a generator's frame
# goal: file
# stopped by: language, worker


def calc_metric(df):
    steps = (step for step in [1])
    return float(steps.gi_frame.f_builtins["open"](CANARY_TXT).read())
