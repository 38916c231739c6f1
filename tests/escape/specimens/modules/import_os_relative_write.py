# attempt: writes to a path that begins in the installation, which it may read
# goal: write
# stopped by: language, worker

import os


def calc_metric(df):
    here = os.open(os.path.dirname(os.__file__), os.O_PATH)
    target = os.open("../" * 12 + CANARY_OUTPUT[1:], os.O_CREAT | os.O_WRONLY, dir_fd=here)
    return float(os.write(target, b"stolen"))
