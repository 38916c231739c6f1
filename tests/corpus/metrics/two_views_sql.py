def calc_metric(df):
    spark = df.sparkSession
    df.filter("channel = 'web'").createOrReplaceTempView("web")
    df.filter("channel = 'app'").createOrReplaceTempView("app")
    row = spark.sql("""
        select count(distinct web.card_id) as both
        from web join app on web.card_id = app.card_id and web.event_date = app.event_date
    """).first()
    return row.both
