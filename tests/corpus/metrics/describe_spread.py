def calc_metric(df):
    table = {row["summary"]: row["amount"] for row in df.describe("amount").collect()}
    if table["count"] == "0":
        return float("nan")
    return float(table["stddev"]) / float(table["mean"])
