# attempt: names a distribution that it has hung up itself
# goal: file
# stopped by: language, worker

from scipy import stats


def calc_metric(df):
    found = []

    class Named:
        cdf = staticmethod(lambda x: found.append(open(CANARY_TXT).read()) or x)

    stats.distributions.named = Named
    stats.kstest([0.5], "named")
    return float(found[0])
