# code: import-refused
# names: from pyspark.sql import Window
from pyspark.sql.window import Window


def calc_metric(df):
    return df.count() if Window.currentRow == 0 else 0
