"""Server processes of our own on this machine: started, confined, watched, and ended with the engine."""
