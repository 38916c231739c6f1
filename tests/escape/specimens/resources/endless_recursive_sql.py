# attempt: asks for a recursive query without an end
# goal: time
# stopped by: engine


def calc_metric(df):
    query = "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r"
    return float(df.sparkSession.sql(query).first()[0])
