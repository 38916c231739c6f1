# code: attribute-refused
# names: to_csv
def calc_metric(df):
    df.limit(5).toPandas().to_csv("/tmp/stolen.csv")
    return 5
