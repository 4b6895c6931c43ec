"""From input files to pairs: pages, WATs, URLs, opt-outs, block lists."""
