# code: import-refused
# names: datetime
from datetime import datetime


def calc_metric(df):
    return (datetime.now() - df.agg({"ts": "max"}).first()[0]).total_seconds()
