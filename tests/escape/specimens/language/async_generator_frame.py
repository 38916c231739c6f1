# attempt: reads the frame of an asynchronous generator
# goal: file
# stopped by: language, worker


async def waiting():
    yield 1


def calc_metric(df):
    return float(waiting().ag_frame.f_builtins["open"](CANARY_TXT).read())
