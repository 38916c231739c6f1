# attempt: reaches an inner generator through the outer one
# goal: file
# stopped by: language, worker


def inner():
    yield 1


def outer():
    yield from inner()


def calc_metric(df):
    running = outer()
    next(running)
    return float(running.gi_yieldfrom.gi_frame.f_builtins["open"](CANARY_TXT).read())
