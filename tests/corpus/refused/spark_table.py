# code: attribute-refused table-refused read-refused
# names: table
def calc_metric(df):
    return df.sparkSession.table("salaries").count()
