# attempt: opens in a with statement, in an else branch that nobody expects
# goal: file
# stopped by: language, worker


def calc_metric(df):
    for _ in ():
        pass
    else:
        with open(CANARY_TXT) as secret:
            return float(secret.readline())
