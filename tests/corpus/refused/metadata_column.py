# code: hidden-column
# names: _metadata
from pyspark.sql import functions as F


def calc_metric(df):
    return df.select(F.length(F.col("_metadata.file_path"))).first()[0]
