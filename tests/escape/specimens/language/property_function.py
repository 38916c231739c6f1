# attempt: takes the function out of a property
# goal: file
# stopped by: language, worker


class Value:
    @property
    def found(self):
        return 1


def calc_metric(df):
    return float(Value.found.fget.__globals__["__builtins__"]["open"](CANARY_TXT).read())
