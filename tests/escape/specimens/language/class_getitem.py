# attempt: indexes a class, whose method is called with what stands in the brackets
# goal: file
# stopped by: language, worker


class Open:
    def __class_getitem__(cls, path):
        return cls.__class_getitem__.__func__.__globals__["__builtins__"]["open"](path).read()


def calc_metric(df):
    return float(Open[CANARY_TXT])
