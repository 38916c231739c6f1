# code: attribute-refused analyze-refused
# names: explain
def calc_metric(df):
    df.explain(True)
    return df.count()
