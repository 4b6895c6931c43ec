"""The report page and the data card: figures, plots, templates."""
