"""Makes the project's modules importable in its tests."""
