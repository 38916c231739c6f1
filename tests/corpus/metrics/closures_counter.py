def make_counter(threshold):
    seen = 0

    def count(value):
        nonlocal seen
        if value > threshold:
            seen += 1
        return seen

    return count


def calc_metric(df):
    counters = {limit: make_counter(limit) for limit in (10.0, 100.0, 1000.0)}
    for row in df.select("amount").collect():
        for counter in counters.values():
            counter(row[0])
    return sum(counter(float("-inf")) * limit for limit, counter in counters.items())
