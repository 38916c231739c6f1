# attempt: calls through the item access of an object of its own, in a slice
# goal: file
# stopped by: language, worker


class Spy:
    def __getitem__(self, asked):
        return asked.start(asked.stop).read()


def calc_metric(df):
    return float(Spy()[open:CANARY_TXT])
