# attempt: finds the traceback of the exception that came before
# goal: file
# stopped by: language, worker


def calc_metric(df):
    try:
        try:
            1 / 0
        finally:
            [][0]
    except IndexError as error:
        trace = getattr(error, "__context__").with_traceback(None)
        scope = getattr(type(trace).__init__, "__self__", calc_metric)
        return float(getattr(scope, "__globals__")["__builtins__"]["open"](CANARY_TXT).read())
