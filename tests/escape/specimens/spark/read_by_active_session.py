# attempt: takes the session from its class
# goal: file
# stopped by: language, gateway, server

from pyspark.sql import SparkSession


def calc_metric(df):
    return float(SparkSession.getActiveSession().read.text(CANARY_TXT).first()[0])
