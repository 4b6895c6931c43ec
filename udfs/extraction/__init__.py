"""Extraction: from input files to pairs, with pages, WATs, image URLs and block lists."""
