# attempt: writes a file of NetCDF
# goal: write
# stopped by: language, worker

import scipy


def calc_metric(df):
    with scipy.io.netcdf_file(CANARY_OUTPUT, "w") as target:
        target.history = "stolen"
    return 1.0
