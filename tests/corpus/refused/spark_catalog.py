# code: attribute-refused catalog-refused
# names: catalog
def calc_metric(df):
    return len(df.sparkSession.catalog.listTables())
