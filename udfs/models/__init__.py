"""Image-text models in local folders: their pixels, tokens and embeddings, and exact work on stored embeddings."""
