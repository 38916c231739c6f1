# attempt: catches whatever is meant to stop it
# goal: time
# stopped by: engine


def calc_metric(df):
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
