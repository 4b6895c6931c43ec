"""Captions: their canonical form, the rules that drop them, blocked words, language."""
