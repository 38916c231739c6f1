# attempt: runs Python for each row
# goal: write
# stopped by: backend


def calc_metric(df):
    def make(row):
        import os

        os.makedirs(CANARY_OUTPUT, exist_ok=True)

    df.limit(1).foreach(make)
    return 1.0
