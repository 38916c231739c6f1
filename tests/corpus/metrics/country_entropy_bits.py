import scipy.stats as st


def calc_metric(df):
    counts = [row["count"] for row in df.groupBy("country").count().collect()]
    return st.entropy(sorted(counts), base=2)
