def calc_metric(df):
    clean = df.select("age", "income").na.drop()
    return clean.stat.cov("age", "income")
