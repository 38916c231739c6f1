"""`python -m tests.escape` prints the table of attempts in Markdown."""

from tests.escape.specimen import load_all
from tests.escape.table import write_table

if __name__ == "__main__":
    print(write_table(load_all()))
