# code: name-underscore name-refused
# names: __import__
def calc_metric(df):
    return __import__("os").getpid()
