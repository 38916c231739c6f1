# code: attribute-underscore name-refused
# names: __globals__
def calc_metric(df):
    name = "__glo" + "bals__"
    return len(getattr(calc_metric, name))
