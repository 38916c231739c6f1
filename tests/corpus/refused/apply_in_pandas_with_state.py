# code: udf-refused attribute-refused
# names: applyInPandasWithState
def calc_metric(df):
    groups = df.groupBy("plan")
    return groups.applyInPandasWithState(lambda key, frames, state: frames, df.schema, "n int", "append", "none").count()
