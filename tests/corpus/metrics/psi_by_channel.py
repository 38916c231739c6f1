import math


def shares(df):
    counts = {row["channel"]: row["count"] for row in df.groupBy("channel").count().collect()}
    total = sum(counts.values())
    return {name: counts.get(name, 0) / total for name in ("web", "app", "terminal", "phone")}


def calc_metric(df):
    before, after = shares(df.filter("day(event_date) <= 15")), shares(df.filter("day(event_date) > 15"))
    return sum((after[k] - before[k]) * math.log((after[k] + 1e-4) / (before[k] + 1e-4)) for k in before)
