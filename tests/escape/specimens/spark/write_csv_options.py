# attempt: writes the frame by format and options
# goal: write
# stopped by: language, gateway, server


def calc_metric(df):
    df.write.format("csv").mode("overwrite").option("path", CANARY_OUTPUT).save()
    return 1.0
