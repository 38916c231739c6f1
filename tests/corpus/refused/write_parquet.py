# code: attribute-refused write-refused
# names: write
def calc_metric(df):
    df.write.mode("overwrite").parquet("/tmp/stolen")
    return 1
