# attempt: reads attributes in an eval
# goal: file
# stopped by: language, worker

import pandas as pd


def calc_metric(df):
    table = pd.DataFrame({"a": [1.0]})
    return float(
        table.eval(
            "@tool.io.common.os.popen(@command).read()",
            local_dict={"tool": pd, "command": "cat " + CANARY_TXT},
        )
    )
