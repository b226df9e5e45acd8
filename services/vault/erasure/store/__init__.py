"""The statements of erasure in both databases. The rules are one room up."""
