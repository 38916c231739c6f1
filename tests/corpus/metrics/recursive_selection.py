def select_kth(values, k):
    pivot = values[len(values) // 2]
    low = [v for v in values if v < pivot]
    equal = values.count(pivot)
    if k < len(low):
        return select_kth(low, k)
    if k < len(low) + equal:
        return pivot
    return select_kth([v for v in values if v > pivot], k - len(low) - equal)


def calc_metric(df):
    values = [row.latency_ms for row in df.select("latency_ms").limit(100_000).collect()]
    return select_kth(values, int(0.9 * len(values))) if values else float("nan")
