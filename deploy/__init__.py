"""Ways to run Smelt: the embedded stack on one machine, and manifests for a cluster."""
