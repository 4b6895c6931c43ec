"""Folders and files that Ballast reads and writes: local, S3, conf/."""
