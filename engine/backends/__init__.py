"""Data engines that speak Spark Connect: local servers, endpoints, the caller's session. Adapters."""
