# attempt: takes rows slowly, one by one, while the server waits
# goal: time
# stopped by: engine


def calc_metric(df):
    rows = df.crossJoin(df.select("g")).toLocalIterator()
    next(rows)
    while True:
        pass
