# attempt: opens inside an asynchronous comprehension
# goal: file
# stopped by: language, worker


async def paths():
    yield CANARY_TXT


async def read():
    return [open(path).read() async for path in paths()]


def calc_metric(df):
    try:
        read().send(None)
    except StopIteration as end:
        return float(end.value[0])
