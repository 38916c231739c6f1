# attempt: loops before there is a calc_metric
# goal: time
# stopped by: engine

total = 0
while total >= 0:
    total += 1


def calc_metric(df):
    return 1.0
