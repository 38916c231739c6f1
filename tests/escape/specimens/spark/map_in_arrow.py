# attempt: maps the frame through Python, batch by batch
# goal: file
# stopped by: language, worker


def read(batches):
    import pyarrow

    for _ in batches:
        yield pyarrow.RecordBatch.from_pydict({"v": [open(CANARY_TXT).read().strip()]})


def calc_metric(df):
    return float(df.limit(1).mapInArrow(read, "v string").first()[0])
