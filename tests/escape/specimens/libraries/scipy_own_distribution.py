# attempt: inherits a distribution, whose density is asked from deep inside
# goal: file
# stopped by: language, worker

from scipy import stats


class Odd(stats.rv_continuous):
    def _pdf(self, x):
        return float(open(CANARY_TXT).read())


def calc_metric(df):
    return float(Odd(name="odd").pdf(0.5))
