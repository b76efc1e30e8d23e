"""The op table over HTTP: routes, OpenAPI 3.1, and the client that calls the same functions from elsewhere."""
