"""Output folders: what is committed, who may write, run.json."""
