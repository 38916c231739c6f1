# code: attribute-refused read-refused
# names: read
def calc_metric(df):
    return df.sparkSession.read.text("/etc/passwd").count()
