"""Captions: the canonical form, rules of hygiene, blocked words, language."""
