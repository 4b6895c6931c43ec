"""Downloaded images: reading, checking and writing them."""
