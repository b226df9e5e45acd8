"""The files service: CSV in, rows and results out, all of it sealed. It sees no API key and no provider."""
