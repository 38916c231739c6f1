# code: attribute-underscore
# names: __class__
def calc_metric(df):
    return len(().__class__.__base__.__subclasses__())
