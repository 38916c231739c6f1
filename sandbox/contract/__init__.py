"""What both sides of the channel agree on: frames, messages, limits and configuration answers.

The only part of `sandbox` that `engine` may import; standard library only.
"""
