"""Tests of the access capability."""
