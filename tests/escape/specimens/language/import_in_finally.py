# attempt: imports in a finally clause, after an import that fails
# goal: file
# stopped by: language, worker

try:
    import nothing_of_this_name
except ImportError:
    pass
finally:
    import io


def calc_metric(df):
    return float(io.open(CANARY_TXT).read())
