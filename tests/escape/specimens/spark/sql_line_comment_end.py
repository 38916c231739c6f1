# attempt: ends a comment by a sign that one reader may take for a line's end
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    query = f"select cast(1 as bigint) as v -- \u2028\r union all select cast(value as bigint) from text.`{CANARY_TXT}`"
    return float(max(row[0] for row in df.sparkSession.sql(query).collect()))
