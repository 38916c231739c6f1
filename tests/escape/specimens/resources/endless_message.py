# attempt: raises an exception whose text takes for ever
# goal: time
# stopped by: engine


class Slow(Exception):
    def __str__(self):
        while True:
            pass


def calc_metric(df):
    raise Slow
