def calc_metric(df):
    row = df.selectExpr(
        "sum(if(label = 1 and score >= 0.35, 1, 0)) as caught",
        "sum(cast(label = 1 as int)) as frauds",
    ).first()
    return row.caught / row.frauds if row.frauds else float("nan")
