# attempt: walks from an abstract class
# goal: file
# stopped by: language, worker

import abc


def calc_metric(df):
    class Base(abc.ABC):
        @abc.abstractmethod
        def go(self):
            return 0

    return float(type(Base).register.__globals__["__builtins__"]["open"](CANARY_TXT).read())
