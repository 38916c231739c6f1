# attempt: reads the file in a lateral subquery
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    query = f"select s.value from mine, lateral (select value from text.`{CANARY_TXT}`) s limit 1"
    return float(df.sparkSession.sql(query).first()[0])
