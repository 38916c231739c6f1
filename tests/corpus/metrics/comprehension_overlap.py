def calc_metric(df):
    rows = df.select("card_id", "merchant_id").collect()
    shops = {}
    for card, merchant in rows:
        shops.setdefault(card, set()).add(merchant)
    sizes = {card: len(visited) for card, visited in shops.items() if len(visited) > 1}
    repeated = [1 for card, merchant in {(c, m) for c, m in rows} if card in sizes]
    return len(repeated) / len(shops)
