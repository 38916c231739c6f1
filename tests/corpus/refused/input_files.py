# code: attribute-refused analyze-refused
# names: inputFiles
def calc_metric(df):
    return len(df.inputFiles()[0])
