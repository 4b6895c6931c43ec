"""Data only: TOML profiles, Spark's settings and logging, EMR's templates."""
