# attempt: lets pandas map str.format over a column
# goal: host
# stopped by: language
# one layer because: what the kernel tells every process cannot be hidden by the worker's confinement

import numpy as np
import pandas as pd


def calc_metric(df):
    print(pd.Series([np]).map("{0.__file__}".format)[0].replace("/", ":"))
    return 1.0
