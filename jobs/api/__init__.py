"""The Python interface: what `import ballast_curation` offers besides the command."""
