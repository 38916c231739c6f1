# attempt: sends SQL of several megabytes
# goal: size
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server answers what it can answer
# not alone under: none, language, worker, server


def calc_metric(df):
    df.createOrReplaceTempView("mine")
    condition = " or ".join(f"n = {i}" for i in range(300_000))
    return float(df.sparkSession.sql(f"select count(*) from mine where {condition}").first()[0])
