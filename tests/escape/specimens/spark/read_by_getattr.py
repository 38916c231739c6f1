# attempt: spells the reader's name at run time
# goal: file
# stopped by: language, gateway, server


def calc_metric(df):
    session = getattr(df, "spark" + "Session")
    return float(getattr(session, "re" + "ad").text(CANARY_TXT).first()[0])
