# attempt: takes the loader from the specification of builtins
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(__spec__.loader.load_module("_io").open(CANARY_TXT).read())
