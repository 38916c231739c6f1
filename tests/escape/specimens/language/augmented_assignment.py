# attempt: calls through an in-place operator of its own
# goal: file
# stopped by: language, worker


class Spy:
    def __iadd__(self, function):
        self.found = function(CANARY_TXT).read()
        return self


def calc_metric(df):
    spy = Spy()
    spy += open
    return float(spy.found)
