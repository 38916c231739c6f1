# attempt: reads a file through the session's reader
# goal: file
# stopped by: language, gateway, server


def calc_metric(df):
    return float(df.sparkSession.read.text(CANARY_TXT).first()[0])
