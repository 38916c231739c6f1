"""What the `aporia` client library asks for, over the same store as our own interface.

Requests that both spell alike are answered by `engine.service.routes`, with the fields of both. Here are
those that only that library makes, and what its words mean.
"""
