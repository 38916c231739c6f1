# attempt: hides the call in the iterable of a comprehension in a class body
# goal: file
# stopped by: language, worker


class Holder:
    found = [line for line in open(CANARY_TXT)]


def calc_metric(df):
    return float(Holder.found[0])
