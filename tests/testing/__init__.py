"""Tests of the testing package."""
