"""Charts, reports, notebooks' cells and saved files."""
