# attempt: begins with values, and ends with the file
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    query = f"values (1) union all (select cast(value as bigint) from text.`{CANARY_TXT}`)"
    return float(max(row[0] for row in df.sparkSession.sql(query).collect()))
