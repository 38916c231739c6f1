"""calcmetric: run `calc_metric(df)` over a dataset and every segment of it, behind a sandbox."""
