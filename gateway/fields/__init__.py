"""What JSON bodies may contain: a table made from the protos, and the script at the edge that reads it."""
