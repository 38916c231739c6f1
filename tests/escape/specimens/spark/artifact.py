# attempt: sends a file to the server as an artifact
# goal: file
# stopped by: backend


def calc_metric(df):
    df.sparkSession.addArtifact(CANARY_PY, pyfile=True)
    return 1.0
