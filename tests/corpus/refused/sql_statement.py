# code: sql-statement sql-syntax sql-refused
# names: create
def calc_metric(df):
    df.sparkSession.sql("create table stolen as select 1 as x")
    return 1
