# attempt: uses the hidden name that every method has of its class
# goal: file
# stopped by: language, worker


class Value:
    def read(self):
        return __class__.read.__globals__["__builtins__"]["open"](CANARY_TXT).read()


def calc_metric(df):
    return float(Value().read())
