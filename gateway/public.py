"""The only calls that need no session; for every other call Envoy asks auth first."""

from gateway.bindings import Binding

PUBLIC = frozenset(
    {
        ("POST", "/v1/users"),
        ("POST", "/v1/users:verifyEmail"),
        ("POST", "/v1/sessions"),
        ("POST", "/v1/passwordResets"),
        ("POST", "/v1/passwordResets:confirm"),
        ("POST", "/v1/signInLinks"),
        ("POST", "/v1/signInLinks:confirm"),
    }
)


def is_public(binding: Binding) -> bool:
    """Whether the call needs no session."""
    return (binding.method, binding.path.text) in PUBLIC
