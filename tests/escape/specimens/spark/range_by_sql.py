# attempt: asks for a large range in SQL
# goal: size
# stopped by: gateway
# one layer because: only the gateway knows how much work a query is before it runs


def calc_metric(df):
    return float(df.sparkSession.sql("select count(*) from range(50000000) where id < 10").first()[0])
