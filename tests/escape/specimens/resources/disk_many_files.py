# attempt: makes many small files
# goal: write
# stopped by: language, worker

import os


def calc_metric(df):
    os.mkdir(CANARY_OUTPUT)
    for number in range(300):
        os.close(os.open(f"{CANARY_OUTPUT}/{number}", os.O_CREAT))
    return 1.0
