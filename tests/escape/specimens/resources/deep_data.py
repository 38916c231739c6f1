# attempt: nests tuples, whose end takes the stack
# goal: run
# stopped by: engine


def calc_metric(df):
    deep = ()
    for _ in range(10**6):
        deep = (deep,)
    return 1.0
