"""Where state lives: the database with its events and leases, and the object store."""
