# code: name-refused
# names: eval
def calc_metric(df):
    return eval("6 * 7")
