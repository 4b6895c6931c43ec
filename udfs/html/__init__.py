"""From HTML to images and their texts: parsers, limits, lazy images."""
