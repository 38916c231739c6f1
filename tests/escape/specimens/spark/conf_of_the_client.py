# attempt: reads the configuration past the client's table, where the server's folders may stand
# goal: host
# stopped by: engine


def calc_metric(df):
    client = df.sparkSession._client
    operation = client.get_configs(
        "spark.home", "spark.local.dir", "java.home", "user.dir", "spark.driver.host"
    )
    print(operation)
    return 1.0
