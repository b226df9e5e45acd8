"""Archives of data exports: written once, read once, swept. Auth decides what goes into them."""
