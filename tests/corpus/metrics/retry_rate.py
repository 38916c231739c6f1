def calc_metric(df):
    total = df.count()
    unique = df.dropDuplicates(["payment_id"]).count()
    return 1 - unique / total
