# code: udf-refused attribute-refused
# names: mapInPandas
def calc_metric(df):
    return df.mapInPandas(lambda batches: batches, df.schema).count()
