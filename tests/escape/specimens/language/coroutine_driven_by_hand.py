# attempt: runs a coroutine without a loop, by send
# goal: file
# stopped by: language, worker


async def read():
    return open(CANARY_TXT).read()


def calc_metric(df):
    try:
        read().send(None)
    except StopIteration as end:
        return float(end.value)
