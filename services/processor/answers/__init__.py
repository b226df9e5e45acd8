"""What a model answered, cleaned, checked and flagged. Nothing here calls a provider or stores anything."""
