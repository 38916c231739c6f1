class Score:
    name = "base"

    def __init__(self, weight=1.0):
        self.weight = weight

    def __call__(self, row):
        return self.weight * self.value(row)

    def value(self, row):
        raise NotImplementedError(self.name)


class Brier(Score):
    name = "brier"

    def value(self, row):
        return (row.score - row.label) ** 2


class Overconfidence(Score):
    name = "overconfidence"

    def __init__(self, limit):
        super().__init__(weight=0.5)
        self.limit = limit

    def value(self, row):
        return float(row.score > self.limit and not row.label)


def calc_metric(df):
    parts = (Brier(), Overconfidence(limit=0.5))
    rows = df.select("score", "label").collect()
    return sum(part(row) for row in rows for part in parts) / len(rows)
