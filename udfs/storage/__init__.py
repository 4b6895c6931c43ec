"""Folders and files that Ballast reads and writes: local, on S3, and in conf/."""
