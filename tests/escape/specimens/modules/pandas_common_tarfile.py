# attempt: packs a folder with tarfile
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    with pd.io.common.tarfile.open(CANARY_OUTPUT, "w") as archive:
        archive.add(CANARY_FOLDER)
    return 1.0
