"""Sessions and remembered devices: begun, renewed, ended. Tokens of scripts have a room of their own."""
