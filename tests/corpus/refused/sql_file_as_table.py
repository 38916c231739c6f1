# code: table-refused sql-syntax
# names: files
def calc_metric(df):
    return df.sparkSession.sql("select count(*) from text.`/etc/passwd`").first()[0]
