# code: sql-subquery table-refused sql-syntax
# names: query inside
def calc_metric(df):
    return df.filter("amount > (select avg(length(value)) from text.`/etc/passwd`)").count()
