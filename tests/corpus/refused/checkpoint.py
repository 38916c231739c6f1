# code: attribute-refused command-refused
# names: checkpoint
def calc_metric(df):
    return df.localCheckpoint().count()
