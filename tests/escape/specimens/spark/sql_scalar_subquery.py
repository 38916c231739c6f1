# attempt: reads the file in a subquery of a column
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    query = f"select (select max(value) from text.`{CANARY_TXT}`) from mine limit 1"
    return float(df.sparkSession.sql(query).first()[0])
