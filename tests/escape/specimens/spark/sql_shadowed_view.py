# attempt: gives a common table the name of its own view, and reads the file beneath
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    query = f"with mine as (select value from text.`{CANARY_TXT}`) select * from mine"
    return float(df.sparkSession.sql(query).first()[0])
