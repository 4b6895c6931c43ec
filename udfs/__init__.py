"""Pure functions and Arrow-batch steps: nothing here imports pyspark."""
