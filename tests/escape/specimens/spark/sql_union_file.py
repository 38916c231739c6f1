# attempt: appends the file to its frame
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    query = f"select n from mine union all select cast(value as bigint) from text.`{CANARY_TXT}`"
    return float(max(row[0] for row in df.sparkSession.sql(query).collect()))
