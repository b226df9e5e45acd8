"""New versions of the root, wrapping and account keys, while everything stays readable."""
