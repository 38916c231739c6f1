# attempt: is told of its owner's class while that is made
# goal: file
# stopped by: language, worker


class Hook:
    def __set_name__(self, owner, name):
        owner.found = type(owner).__call__(owner)
        owner.reader = self.__set_name__.__func__.__globals__["__builtins__"]["open"](CANARY_TXT)


class Owner:
    hook = Hook()


def calc_metric(df):
    return float(Owner.reader.read())
