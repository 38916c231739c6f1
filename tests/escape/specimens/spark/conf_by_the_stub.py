# attempt: sets the server's configuration by the stub of PySpark's client
# goal: host
# stopped by: engine

from pyspark.sql.connect import proto


def calc_metric(df):
    operation = proto.ConfigRequest.Operation()
    operation.set.pairs.add(key="spark.sql.warehouse.dir", value="/tmp")
    operation.set.silent = True
    stub = df.sparkSession._client._stub
    stub.Config(proto.ConfigRequest(operation=operation))
    operation.get.keys.append("spark.sql.warehouse.dir")
    print(stub.Config(proto.ConfigRequest(operation=operation)))
    return 1.0
