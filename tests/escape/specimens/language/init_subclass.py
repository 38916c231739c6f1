# attempt: hooks the making of subclasses, and looks at the frame that makes one
# goal: file
# stopped by: language, worker


class Base:
    def __init_subclass__(cls, **keywords):
        cls.found = cls.__init_subclass__.__func__.__globals__["__builtins__"]["open"](CANARY_TXT).read()


class Child(Base):
    pass


def calc_metric(df):
    return float(Child.found)
