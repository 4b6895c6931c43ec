"""Input files: finding them, and opening them wherever they are stored."""
