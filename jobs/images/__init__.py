"""What follows a download, by Spark: images read, compared, embedded and written for training."""
