# attempt: asks one small question after another
# goal: time
# stopped by: engine


def calc_metric(df):
    while True:
        df.schema
