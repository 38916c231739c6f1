# attempt: lets hasattr run a property of its own that reads
# goal: file
# stopped by: language, worker


class Value:
    @property
    def found(self):
        self.text = open(CANARY_TXT).read()
        return 1


def calc_metric(df):
    value = Value()
    hasattr(value, "found")
    return float(value.text)
