"""The declarations of all commands: what their command lines take. They import only settings."""
