# attempt: nests brackets in SQL deeper than a parser's stack
# goal: size
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server answers what it can answer
# not alone under: none, language, worker, server


def calc_metric(df):
    return float(df.selectExpr("(" * 3_000 + "1" + ")" * 3_000).first()[0])
