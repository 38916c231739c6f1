# code: function-refused
# names: java_method
from pyspark.sql import functions as F


def calc_metric(df):
    return df.select(F.expr("length(java_method('java.lang.System', 'getProperty', 'user.home'))")).first()[0]
