def calc_metric(df):
    df.createOrReplaceTempView("log")
    rows = df.sparkSession.sql("""
        select plan, channel, avg(score) as s from log
        group by grouping sets ((plan), (channel), ())
    """).collect()
    overall = next((r.s for r in rows if r.plan is None and r.channel is None), None)
    return max(abs(r.s - overall) for r in rows) if overall is not None else None
