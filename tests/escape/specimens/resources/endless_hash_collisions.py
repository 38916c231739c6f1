# attempt: fills a dict with keys of one hash
# goal: time
# stopped by: engine


class Key:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return 1

    def __eq__(self, other):
        return self.n == other.n


def calc_metric(df):
    return float(len({Key(n): n for n in range(10**6)}))
