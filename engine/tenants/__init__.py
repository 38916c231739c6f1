"""What each tenant uses of the engine: bytes, the interpreter, and counters of all the rest."""
