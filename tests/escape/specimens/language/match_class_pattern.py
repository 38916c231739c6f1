# attempt: reads an attribute in a class pattern, which no guard sees
# goal: file
# stopped by: language, worker


def calc_metric(df):
    match calc_metric:
        case object(__globals__=scope):
            return float(scope["__builtins__"]["open"](CANARY_TXT).read())
    return -1
