"""From HTML to images with their texts: parsers, limits, lazy images."""
