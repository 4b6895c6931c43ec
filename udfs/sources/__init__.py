"""Input files: which they are, and opening them wherever they lie."""
