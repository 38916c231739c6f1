import numpy as np
import pandas as pd


def calc_metric(df):
    pdf = df.select("age", "score").dropna().toPandas()
    if len(pdf) == 0:
        return np.nan
    pdf["band"] = pd.cut(
        pdf["age"], bins=[0, 25, 40, 60, np.inf], labels=["young", "adult", "older", "senior"]
    )
    means = pdf.groupby("band", observed=True)["score"].mean()
    return means.std(ddof=0)
