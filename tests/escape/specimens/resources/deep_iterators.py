# attempt: chains iterators until their end breaks the stack
# goal: run
# stopped by: engine


def calc_metric(df):
    chain = iter([])
    for _ in range(10**5):
        chain = filter(None, chain)
    return float(len(list(chain)))
