"""All that is particular to Spark: the session, Java, data frames, hashes, progress."""
