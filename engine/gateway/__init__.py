"""The engine's end of one worker's channel: it checks, binds, asks the backend, and answers."""
