"""The share of fraud, stated carefully: the lower end of Wilson's 95 % interval.

Small segments get a low number rather than a loud one, so that segments can be compared.
"""

from pyspark.sql import functions as F
from statsmodels.stats.proportion import proportion_confint


def calc_metric(df):
    frauds, payments = df.agg(F.sum("label"), F.count("label")).first()
    if payments == 0:
        return float("nan")
    lower, upper = proportion_confint(frauds, payments, alpha=0.05, method="wilson")
    print(f"{frauds} of {payments} payments: {lower:.2%} to {upper:.2%}")
    return lower
