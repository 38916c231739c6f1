from pyspark.sql import DataFrame, Row

Pair = tuple[int, int]


def count_pair(rows: list[Row], flagged: bool) -> Pair:
    chosen: list[Row] = [row for row in rows if (row["score"] > 0.25) is flagged]
    total: int = 0
    for row in chosen:
        total += row["label"]
    return total, len(chosen)


def calc_metric(df: DataFrame) -> float:
    rows = df.select("score", "label").collect()
    (hits, flagged), (misses, passed) = count_pair(rows, True), count_pair(rows, False)
    if not flagged or not misses:
        return float("nan")
    lift: float = (hits / flagged) / (misses / passed)
    return round(lift, 6)
