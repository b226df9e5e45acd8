"""Export and deletion of an account across all services, and the personal data that auth itself holds."""
