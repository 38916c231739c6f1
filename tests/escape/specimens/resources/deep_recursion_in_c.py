# attempt: has C call Python call C, deeper than the stack
# goal: run
# stopped by: engine


class Deep:
    def __init__(self, inner):
        self.inner = inner

    def __repr__(self):
        return repr(self.inner)


def calc_metric(df):
    deep = None
    for _ in range(10**5):
        deep = Deep(deep)
    return float(len(repr(deep)))
