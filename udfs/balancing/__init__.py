"""From counts to keep probabilities, subset sizes and explanations."""
