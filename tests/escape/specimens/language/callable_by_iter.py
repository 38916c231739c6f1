# attempt: lets the two-argument form of iter call for it
# goal: file
# stopped by: language, worker


def calc_metric(df):
    found = []
    for _ in iter(lambda: found.append(open(CANARY_TXT).read()), None):
        pass
    return float(found[0])
