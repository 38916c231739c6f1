# attempt: puts the call into the annotation of a variable of a class
# goal: file
# stopped by: language, worker

seen = []


class Holder:
    value: seen.append(open(CANARY_TXT).read())


def calc_metric(df):
    return float(seen[0])
