# attempt: names an attribute by a str subclass that looks harmless to every comparison
# goal: file
# stopped by: language, worker


class Name(str):
    def __eq__(self, other):
        return True

    def __hash__(self):
        return super().__hash__()

    def startswith(self, *args):
        return False


def calc_metric(df):
    scope = getattr(calc_metric, Name("__globals__"))
    return float(scope["__builtins__"]["open"](CANARY_TXT).read())
