"""Files with numbers that stand nowhere else, one in each of the formats that libraries read."""

from __future__ import annotations

import pickle
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.io

# Fifteen digits fit a float, and stand in no text by accident.
FILE_SECRET = 713_904_562_881_357


def write_table(path: Path, secret: int) -> None:
    """A Parquet file with one column, `secret`."""
    pq.write_table(pa.table({"secret": pa.array([secret], pa.int64())}), path)


def write_secrets(folder: Path) -> Path:
    """One secret in each of the formats that libraries read."""
    folder.mkdir(mode=0o755)
    frame = pd.DataFrame({"secret": [FILE_SECRET]})
    (folder / "credentials.txt").write_text(f"{FILE_SECRET}\n")
    (folder / "credentials.csv").write_text(f"secret\n{FILE_SECRET}\n")
    (folder / "credentials.json").write_text(f'{{"secret": {FILE_SECRET}}}\n')
    (folder / "credentials.xml").write_text(f"<a><b><secret>{FILE_SECRET}</secret></b></a>\n")
    (folder / "credentials.html").write_text(f"<table><tr><td>{FILE_SECRET}</td></tr></table>\n")
    (folder / "credentials.arff").write_text(
        f"@relation a\n@attribute secret numeric\n@data\n{FILE_SECRET}\n"
    )
    (folder / "credentials.mtx").write_text(f"%%MatrixMarket matrix array real general\n1 1\n{FILE_SECRET}\n")
    (folder / "credentials.toml").write_text(f"secret = {FILE_SECRET}\n")
    (folder / "credentials.py").write_text(f"secret = {FILE_SECRET}\n")
    (folder / "credentials.pkl").write_bytes(pickle.dumps(frame))
    write_table(folder / "credentials.parquet", FILE_SECRET)
    np.save(folder / "credentials.npy", np.array([FILE_SECRET]))
    np.savez(folder / "credentials.npz", secret=np.array([FILE_SECRET]))
    frame.to_feather(folder / "credentials.feather")
    frame.astype(float).to_stata(folder / "credentials.dta")
    scipy.io.savemat(folder / "credentials.mat", {"secret": np.array([FILE_SECRET])})
    with sqlite3.connect(folder / "credentials.db") as base:
        base.execute("create table t (secret integer)")
        base.execute(f"insert into t values ({FILE_SECRET})")
    base.close()
    for path in folder.iterdir():
        path.chmod(0o644)  # whatever the umask: it is not their mode that keeps a guest away
    return folder
