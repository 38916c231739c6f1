# attempt: puts the call into an annotation, which is run when the function is made
# goal: file
# stopped by: language, worker

seen = []


def helper(x: seen.append(open(CANARY_TXT).read())) -> None:
    return x


def calc_metric(df):
    return float(seen[0])
