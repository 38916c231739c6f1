# attempt: calls a Java method by its name
# goal: file
# stopped by: backend

from pyspark.sql import functions as F


def calc_metric(df):
    call = f"reflect('java.nio.file.Files', 'readString', '{CANARY_TXT}')"
    return float(df.select(F.expr(call)).first()[0])
