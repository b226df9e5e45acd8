"""What the operator can see: metrics and the state of the archive."""
