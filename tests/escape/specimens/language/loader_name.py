# attempt: loads a module with the loader that builtins carry
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(__loader__.load_module("io").open(CANARY_TXT).read())
