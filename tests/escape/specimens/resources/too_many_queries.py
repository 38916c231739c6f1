# attempt: asks more questions than a frame may
# goal: size
# stopped by: engine


def calc_metric(df):
    return float(sum(df.limit(1).count() for _ in range(201)))
