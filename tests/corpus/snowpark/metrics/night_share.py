from snowflake.snowpark import functions as F


def calc_metric(df):
    night = F.hour("ts").in_([23, 0, 1, 2, 3, 4])
    row = df.agg(F.sum(F.iff(night, 1, 0)).alias("night"), F.count(F.lit(1)).alias("payments")).first()
    return row["NIGHT"] / row["PAYMENTS"] if row["PAYMENTS"] else float("nan")
