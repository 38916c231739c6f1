def calc_metric(df):
    df.createOrReplaceTempView("p")
    rows = df.sparkSession.sql(
        "select avg(score) as s from p where amount > :low and array_contains(tags, :tag)",
        args={"low": 20.0, "tag": "travel"},
    ).collect()
    return rows[0].s
