# attempt: lists another tenant's folder by reading all of it
# goal: tenant
# stopped by: language, gateway


def calc_metric(df):
    return float(df.sparkSession.read.csv(CANARY_TENANT_FOLDER + "/*.csv", header=True).first()[0])
