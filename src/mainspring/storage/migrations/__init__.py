"""Alembic's environment and the migrations of the database, one file a version."""
