"""Code that at least two services share. It imports none of them."""
