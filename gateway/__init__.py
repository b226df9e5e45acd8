"""The edge: an Envoy configuration and an API description, both generated from the protos' annotations."""
