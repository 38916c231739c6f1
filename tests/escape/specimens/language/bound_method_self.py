# attempt: asks a bound method for its function's globals
# goal: file
# stopped by: language, worker


class Reader:
    def read(self):
        return 1


def calc_metric(df):
    return float(Reader().read.__func__.__globals__["__builtins__"]["open"](CANARY_TXT).read())
