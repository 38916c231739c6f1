from snowflake.snowpark import functions as F


class FBeta:
    def __init__(self, beta):
        self.weight = beta**2

    def score(self, hits, flagged, frauds):
        if not flagged or not frauds or not hits:
            return float("nan")
        precision, recall = hits / flagged, hits / frauds
        return (1 + self.weight) * precision * recall / (self.weight * precision + recall)


def calc_metric(df):
    flagged = F.iff(F.col("score") >= 0.3, 1, 0)
    row = df.agg(
        F.sum(flagged * F.col("label")).alias("hits"),
        F.sum(flagged).alias("flagged"),
        F.sum("label").alias("frauds"),
    ).first()
    return FBeta(2).score(*(float(value or 0) for value in row))
