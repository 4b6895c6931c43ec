"""What Ballast needs of Spark: the session, Java, frames, hashes, progress."""
