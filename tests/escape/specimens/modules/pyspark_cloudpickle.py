# attempt: loads a pickle of its own making
# goal: file
# stopped by: language, worker

import pyspark


def calc_metric(df):
    text = f"cbuiltins\nopen\n(S'{CANARY_TXT}'\ntR."
    return float(pyspark.cloudpickle.pickle.loads(text.encode()).read())
