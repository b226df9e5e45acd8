"""Sessions and remembered devices: begun, renewed, ended. Access tokens are in tokens."""
