# attempt: has a formula evaluated, which is Python
# goal: file
# stopped by: language, worker

import pandas as pd
import statsmodels.formula.api as api


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 4.0]})
    return float(api.ols(f"a ~ I(b * 0 + float(open({CANARY_TXT!r}).read()))", table).data.exog[0, 1])
