"""Entry lists, which the paper calls metadata: loading, checking and building them."""
