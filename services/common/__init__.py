"""What at least two services share. It knows none of them."""
