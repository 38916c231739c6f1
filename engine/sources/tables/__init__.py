"""Tables whose folders hold more than their rows: a log says which files, rows and columns count."""
