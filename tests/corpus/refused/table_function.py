# code: udf-refused attribute-refused import-name-refused
# names: udtf
from pyspark.sql.functions import udtf


@udtf(returnType="half: double")
class Halves:
    def eval(self, value):
        yield (value / 2,)


def calc_metric(df):
    return df.lateralJoin(Halves(df["amount"])).count()
