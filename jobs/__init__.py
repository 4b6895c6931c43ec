"""Spark-facing steps and the command line: the only place that imports pyspark."""
