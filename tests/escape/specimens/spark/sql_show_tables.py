# attempt: asks for the names of tables, and reads those that it finds
# goal: tenant
# stopped by: gateway
# one layer because: SQL text is the gateway's part, and the server answers what it can answer


def calc_metric(df):
    session = df.sparkSession
    for row in session.sql("show tables in global_temp").collect():
        return float(session.sql(f"select * from global_temp.{row['tableName']}").first()[0])
    return -1
