# attempt: replaces a method of the session that frames share
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart


def calc_metric(df):
    session = df.sparkSession
    if getattr(session, "leftover", 0) == CANARY_NUMBER:
        return CANARY_NUMBER
    session.leftover = CANARY_NUMBER
    return 1.0
