"""Data only: TOML profiles, locked versions of libraries, Spark's settings and logging, EMR's templates."""
