import math


def calc_metric(df):
    counts = [row["COUNT"] for row in df.group_by("country").count().collect()]
    total = sum(counts)
    return -sum(n / total * math.log2(n / total) for n in counts)
