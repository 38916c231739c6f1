# attempt: writes the frame in folders by a column
# goal: write
# stopped by: language, gateway, server


def calc_metric(df):
    df.write.partitionBy("g").parquet(CANARY_OUTPUT)
    return 1.0
