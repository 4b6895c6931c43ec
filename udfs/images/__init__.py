"""Downloaded images: reading, checking and hashing them, and the tars that training reads."""
