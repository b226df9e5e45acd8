"""What providers say, in whatever shape: one answer or one refusal in, one verdict out.

Everything here reads bytes, headers and statuses and touches no network. What a provider's wording means is a
line in a table; nothing that it sends is trusted to be of any shape.
"""
