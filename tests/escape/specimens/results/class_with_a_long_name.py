# attempt: returns an object whose type's name fills a message
# goal: result
# stopped by: engine


class Plain:
    pass


Plain.__name__ = "x" * (1 << 20)


def calc_metric(df):
    return Plain()
