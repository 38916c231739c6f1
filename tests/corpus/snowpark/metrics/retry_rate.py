def calc_metric(df):
    total = df.count()
    unique = df.drop_duplicates("payment_id").count()
    return 1 - unique / total
