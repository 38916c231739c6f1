# attempt: reads whatever a pattern finds
# goal: file
# stopped by: language, gateway, server


def calc_metric(df):
    return float(df.sparkSession.read.json(CANARY_FOLDER + "/*.json").first()[0])
