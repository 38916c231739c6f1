# attempt: calls a Java method under its other name
# goal: process
# stopped by: backend


def calc_metric(df):
    return float(df.selectExpr("java_method('java.lang.Runtime', 'getRuntime')").first()[0])
