"""What several tests need: real stores, certificates, and the whole embedded stack."""
