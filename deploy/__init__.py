"""Ways to run Smelt: the embedded stack on one machine, and Kubernetes manifests for a cluster."""
