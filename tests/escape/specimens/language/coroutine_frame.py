# attempt: reads the frame of a coroutine that never runs
# goal: file
# stopped by: language, worker


async def waiting():
    return 1


def calc_metric(df):
    one = waiting()
    found = one.cr_frame.f_builtins["open"](CANARY_TXT).read()
    one.close()
    return float(found)
