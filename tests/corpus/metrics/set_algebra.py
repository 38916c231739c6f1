def calc_metric(df):
    cards = df.select("card_id")
    frauds = df.where("label = 1").select("card_id")
    phone = df.where("channel = 'phone'").select("card_id")
    only_fraud = frauds.subtract(phone).count()
    both = frauds.intersect(phone).count()
    either = frauds.union(phone).distinct().count()
    assert only_fraud + both <= either <= cards.distinct().count()
    return (both + 1) / (either + 1)
