def calc_metric(df):
    best = None
    for row in df.select("note", "payment_id").toLocalIterator():
        words = [word.strip(",.:") for word in row.note.split()]
        length = max((len(word) for word in words), default=0)
        if best is None or length > best:
            best = length
    return best
