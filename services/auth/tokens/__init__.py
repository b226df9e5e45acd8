"""Access tokens of scripts: made, listed, revoked. How one admits a request stands in admission."""
