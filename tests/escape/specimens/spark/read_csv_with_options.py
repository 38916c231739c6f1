# attempt: reads a file with options, which travel in another field
# goal: file
# stopped by: language, gateway, server


def calc_metric(df):
    table = df.sparkSession.read.format("csv").option("header", "true").option("path", CANARY_CSV).load()
    return float(table.first()[0])
