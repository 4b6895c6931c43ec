"""Downloaded images: samples of a shard, decoding, hashes, what became of each; bytes by place, tars for training."""
