# code: range-refused plan-too-large attribute-refused
# names: range
def calc_metric(df):
    return df.sparkSession.range(10**12).count()
