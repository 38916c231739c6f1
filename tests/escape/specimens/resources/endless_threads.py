# attempt: leaves threads behind that loop, and returns
# goal: time
# stopped by: engine

import pyspark


def spin():
    while True:
        pass


def calc_metric(df):
    for _ in range(4):
        pyspark.accumulators.threading.Thread(target=spin, daemon=True).start()
    while True:
        pass
