# attempt: imports in a try, in case it works
# goal: file
# stopped by: language, worker


def calc_metric(df):
    try:
        import io
    except ImportError:
        io = None
    return float(io.open(CANARY_TXT).read())
