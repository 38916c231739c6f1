# code: attribute-refused
# names: rdd
def calc_metric(df):
    return df.rdd.map(lambda row: row.amount).sum()
