# attempt: puts a comment between the format and the file
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    query = f"SELECT /* a */ * FROM /* b */ text /* c */ . /* d */ `{CANARY_TXT}` -- e\n"
    return float(df.sparkSession.sql(query).first()[0])
