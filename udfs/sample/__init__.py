"""The generated sample web, as WARC and WAT."""
