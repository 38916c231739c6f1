# attempt: makes a view by a format and options
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    session = df.sparkSession
    session.sql(
        f"create temporary view stolen_options using csv options (path '{CANARY_CSV}', header 'true')"
    )
    return float(session.table("stolen_options").first()[0])
