def calc_metric(df):
    return df.select("merchant_id", "event_date").distinct().count()
