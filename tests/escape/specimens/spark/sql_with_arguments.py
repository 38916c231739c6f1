# attempt: hands the file over as an argument of the query
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    source = df.sparkSession.sql("select * from identifier(:place)", args={"place": f"text.`{CANARY_TXT}`"})
    return float(source.first()[0])
