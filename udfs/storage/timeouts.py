"""How long S3 and web servers may take to answer."""

CONNECT_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 60.0
