"""Reaching a system under test."""
