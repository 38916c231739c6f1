# attempt: takes the sum of a generator without an end
# goal: time
# stopped by: engine


def numbers():
    while True:
        yield 1


def calc_metric(df):
    return float(sum(numbers()))
