from pyspark.sql import functions as F


class Confusion:
    def __init__(self, df, threshold):
        flagged = F.col("score") >= threshold
        fraud = F.col("label") == 1
        counts = df.agg(
            F.count_if(flagged & fraud).alias("tp"),
            F.count_if(flagged & ~fraud).alias("fp"),
            F.count_if(~flagged & fraud).alias("fn"),
        ).first()
        self.tp, self.fp, self.fn = counts["tp"], counts["fp"], counts["fn"]

    @property
    def empty(self):
        return self.tp + self.fn == 0

    def f_beta(self, beta=2.0):
        weight = beta**2
        return (1 + weight) * self.tp / ((1 + weight) * self.tp + weight * self.fn + self.fp)


def calc_metric(df):
    confusion = Confusion(df, threshold=0.3)
    return float("nan") if confusion.empty else confusion.f_beta()
