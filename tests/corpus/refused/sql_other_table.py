# code: table-refused
# names: salaries
def calc_metric(df):
    return df.sparkSession.sql("select count(*) from salaries").first()[0]
