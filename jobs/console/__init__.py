"""What every command shares: parser, errors, summary, next steps."""
