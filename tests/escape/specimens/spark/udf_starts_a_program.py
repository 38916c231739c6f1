# attempt: applies a function that starts a program
# goal: process
# stopped by: language, worker

from pyspark.sql import functions as F


def start(n):
    import subprocess

    subprocess.Popen([CANARY_MARK, "30"], executable="/bin/sleep")
    return 1


def calc_metric(df):
    return float(df.limit(1).select(F.udf(start, "int")("n")).first()[0])
