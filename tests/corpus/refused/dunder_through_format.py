# code: attribute-underscore attribute-refused call-refused
# names: __class__
def calc_metric(df):
    text = "{0.__class__.__init__.__globals__}"
    return len(text.format(df))
