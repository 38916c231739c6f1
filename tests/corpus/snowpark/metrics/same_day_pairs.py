def calc_metric(df):
    a = df.select("card_id", "event_date", "payment_id").cache_result()
    b = df.select("card_id", "event_date", "payment_id")
    pairs = a.join(
        b,
        (a["card_id"] == b["card_id"])
        & (a["event_date"] == b["event_date"])
        & (a["payment_id"] < b["payment_id"]),
    )
    return pairs.count()
