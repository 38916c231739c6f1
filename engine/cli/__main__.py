"""`python -m engine.cli`: the command line, where its script is not on the path."""

from engine.cli.main import main

main()
