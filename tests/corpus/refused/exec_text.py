# code: name-refused
# names: exec
def calc_metric(df):
    scope = {}
    exec("x = 1", scope)
    return scope["x"]
