# attempt: packs a file into an archive elsewhere
# goal: write
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    with pd.io.common.zipfile.ZipFile(CANARY_OUTPUT, "w") as archive:
        archive.writestr("stolen", "x" * 100)
    return 1.0
