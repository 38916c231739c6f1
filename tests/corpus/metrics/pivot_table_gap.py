def calc_metric(df):
    pdf = df.select("plan", "channel", "amount").toPandas()
    table = pdf.pivot_table(index="plan", columns="channel", values="amount", aggfunc="median")
    return (table.max(axis=1) - table.min(axis=1)).max()
