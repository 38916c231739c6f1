"""Results that people look at: charts, one-file reports, notebooks' tables, and files for programs.

Nothing here runs a script in a reader's browser. Names, values of segments, prints and errors are texts of
authors and of data; they are made visible (no hidden characters) and escaped where they are written.
"""
