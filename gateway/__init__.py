"""The edge: an Envoy configuration and an API description, both made from the protos' own annotations."""
