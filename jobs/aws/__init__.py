"""Requests to Amazon EMR."""
