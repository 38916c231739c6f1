def calc_metric(df):
    if df.isEmpty():
        return float("nan")
    if "score" not in df.columns:
        raise ValueError("this metric needs a score")
    newest = df.orderBy(df.ts.desc(), df.payment_id.desc()).head(50)
    return sum(row["score"] for row in newest) / len(newest)
