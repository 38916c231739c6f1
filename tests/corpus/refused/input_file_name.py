# code: attribute-refused function-refused
# names: input_file_name
from pyspark.sql import functions as F


def calc_metric(df):
    return df.select(F.length(F.input_file_name())).first()[0]
