import pandas as pd


def calc_metric(df):
    pdf = df.select("merchant_id", "amount", "label").toPandas()
    volume = pdf.groupby("merchant_id", as_index=False)["amount"].sum()
    frauds = pdf.loc[pdf["label"] == 1].groupby("merchant_id", as_index=False)["label"].sum()
    both = pd.merge(volume, frauds, on="merchant_id", how="left").fillna({"label": 0})
    both["rank_gap"] = both["amount"].rank() - both["label"].rank()
    return both["rank_gap"].abs().mean()
