# attempt: calls the function behind the import statement
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(__import__("io").open(CANARY_TXT).read())
