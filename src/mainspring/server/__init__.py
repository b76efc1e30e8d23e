"""The server: one address for pages, API and protocols, with the controllers beside them."""
