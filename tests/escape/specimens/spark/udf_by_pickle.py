# attempt: applies a function that has captured what does its work when it is unpickled
# goal: file
# stopped by: language, worker

from pyspark.sql import functions as F


class Load:
    def __reduce__(self):
        return (exec, (f"def run(n, path={CANARY_TXT!r}): return open(path).read()",))


def calc_metric(df):
    carried = Load()
    read = F.udf(lambda n: str(carried) and open(CANARY_TXT).read().strip(), "string")
    return float(df.limit(1).select(read("n")).first()[0])
