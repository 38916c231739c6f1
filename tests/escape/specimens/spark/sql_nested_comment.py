# attempt: nests comments, which readers end differently
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    query = f"select cast(value as bigint) from text.`{CANARY_TXT}` /* a /* b */ where value is null */"
    return float(df.sparkSession.sql(query).first()[0])
