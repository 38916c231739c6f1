# attempt: enters a debugger, whose hook may be chosen
# goal: file
# stopped by: language, worker


def calc_metric(df):
    import sys

    sys.breakpointhook = lambda: print(open(CANARY_TXT).read())
    breakpoint()
    return 1.0
