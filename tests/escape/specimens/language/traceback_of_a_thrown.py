# attempt: throws an exception into a generator, and reads what comes back
# goal: file
# stopped by: language, worker


def steps():
    while True:
        yield 1


def calc_metric(df):
    running = steps()
    next(running)
    try:
        running.throw(ValueError("x"))
    except ValueError as error:
        return float(error.__traceback__.tb_next.tb_frame.f_builtins["open"](CANARY_TXT).read())
