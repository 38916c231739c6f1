import numpy as np
import scipy
import scipy.stats


def calc_metric(df):
    pdf = df.select("score", "label").toPandas()
    logit = scipy.special.logit(np.clip(pdf["score"].to_numpy(), 1e-6, 1 - 1e-6))
    rate = pdf["label"].mean()

    def miss(shift):
        return scipy.special.expit(logit + shift).mean() - rate

    return scipy.optimize.brentq(miss, -10, 10, xtol=1e-12)
