"""The generated sample web, written as WARC and WAT."""
