# code: import-refused
# names: subprocess
def calc_metric(df):
    import subprocess

    return subprocess.run(["true"]).returncode
