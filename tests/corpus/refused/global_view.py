# code: attribute-refused view-refused
# names: createGlobalTempView
def calc_metric(df):
    df.createGlobalTempView("everyone")
    return 1
