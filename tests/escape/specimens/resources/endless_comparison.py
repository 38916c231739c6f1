# attempt: sorts by a comparison that never answers
# goal: time
# stopped by: engine


class Slow:
    def __lt__(self, other):
        while True:
            pass


def calc_metric(df):
    return float(len(sorted([Slow(), Slow()])))
