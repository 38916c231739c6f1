# attempt: puts the call into a default argument
# goal: file
# stopped by: language, worker


def calc_metric(df, found=open(CANARY_TXT).read()):
    return float(found)
