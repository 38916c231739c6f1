"""The HTTP service: models, their versions and metrics, validation, scheduled calculation, results.

Needs the extra `calcmetric[server]`. Uses the engine through its public names only; requests never run or
parse a guest's source in the server's process.
"""
