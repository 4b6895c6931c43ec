"""Downloaded images: the samples of a shard, decoding, hashes, and what became of each image."""
