"""Extraction: from input files to pairs, with pages, WATs, image URLs, opt-outs and block lists."""
