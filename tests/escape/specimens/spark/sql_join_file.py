# attempt: joins its frame with the file
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    query = f"select t.value from mine m join text.`{CANARY_TXT}` t on true limit 1"
    return float(df.sparkSession.sql(query).first()[0])
