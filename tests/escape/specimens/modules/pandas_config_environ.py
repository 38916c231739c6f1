# attempt: reads another process's environment through os in pandas
# goal: process
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    handle = pd.core.config_init.os.open(f"/proc/{CANARY_PID}/environ", 0)
    print(pd.core.config_init.os.read(handle, 4096))
    return 1.0
