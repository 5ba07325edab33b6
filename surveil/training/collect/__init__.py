"""Make a dataset of a site's own pictures."""
