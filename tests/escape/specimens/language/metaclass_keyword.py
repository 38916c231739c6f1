# attempt: runs code of its choice while a class is made
# goal: file
# stopped by: language, worker


class Meta(type):
    def __call__(cls, *args):
        return open(CANARY_TXT).read()


class Value(metaclass=Meta):
    pass


def calc_metric(df):
    return float(Value())
