# code: function-name-refused attribute-refused
# names: to_csv
def calc_metric(df):
    pdf = df.select("amount").toPandas()
    return pdf.agg("to_csv", path_or_buf="/tmp/stolen.csv")
