# code: udf-refused attribute-refused
# names: applyInPandas
def calc_metric(df):
    return df.groupBy("plan").applyInPandas(lambda pdf: pdf.head(1), df.schema).count()
