# attempt: registers a Java class as a function
# goal: file
# stopped by: backend


def calc_metric(df):
    session = df.sparkSession
    session.udf.registerJavaFunction("steal", "org.apache.spark.sql.api.java.UDF1")
    return float(session.sql("select steal(1)").first()[0])
