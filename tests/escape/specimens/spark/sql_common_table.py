# attempt: names the file inside a common table expression
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    query = f"with a as (select * from text.`{CANARY_TXT}`), b as (select * from a) select * from b"
    return float(df.sparkSession.sql(query).first()[0])
