"""The web pages: server-rendered, readable without scripts, under a strict content security policy."""

from mainspring.web.site import Provider, error_page, routes

__all__ = ["Provider", "error_page", "routes"]
