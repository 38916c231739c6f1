# attempt: loops inside of C, where no signal handler runs
# goal: time
# stopped by: engine


def calc_metric(df):
    return float(sum(range(10**12)))
