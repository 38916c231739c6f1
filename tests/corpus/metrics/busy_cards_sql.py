QUERY = """
    with per_card as (
        select card_id, count(*) as n, sum(label) as frauds
        from payments
        group by card_id
        having count(*) >= 5
    )
    select sum(frauds) / sum(n) as rate from per_card
"""


def calc_metric(df):
    df.createOrReplaceTempView("payments")
    return df.sparkSession.sql(QUERY).first()["rate"]
