"""Requests for Amazon EMR."""
