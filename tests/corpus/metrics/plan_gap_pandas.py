def calc_metric(df):
    pdf = df.select("plan", "label").toPandas()
    rates = pdf.groupby("plan")["label"].mean()
    return rates.max() - rates.min()
