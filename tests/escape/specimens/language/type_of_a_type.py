# attempt: reaches type itself through the type of a class
# goal: file
# stopped by: language, worker


class Plain:
    pass


def calc_metric(df):
    meta = type(type(Plain))
    kind = meta("Value", (dict,), {"__missing__": lambda self, path: open(path).read()})
    return float(kind()[CANARY_TXT])
