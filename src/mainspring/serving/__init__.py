"""Serving: endpoint processes that answer over HTTP, and the controller that keeps them as wanted."""
