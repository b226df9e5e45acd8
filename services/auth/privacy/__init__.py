"""Export and deletion of an account over all services, and what auth itself holds of people."""
