# attempt: calls the function behind the class statement
# goal: file
# stopped by: language, worker


def body():
    return open(CANARY_TXT).read()


def calc_metric(df):
    found = []
    __build_class__(lambda: found.append(body()), "Value")
    return float(found[0])
