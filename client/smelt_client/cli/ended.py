"""What a command says about access that has ended with a new password or a proof of the address."""

from __future__ import annotations

from ..models import EndedAccess
from .printing import Output

_TEXTS = {
    "sessions": "Sessions ended",
    "devices": "Remembered devices forgotten",
    "access_tokens": "Access tokens ended",
    "webhooks": "Webhooks off until you confirm them (smelt webhooks confirm)",
    "jobs": "Jobs paused until you resume them (smelt jobs resume)",
    "api_keys": "API keys not used until you activate one (smelt keys activate)",
}


def tell(out: Output, ended: EndedAccess) -> None:
    """Print a message for each kind of which something has ended."""
    for name, text in _TEXTS.items():
        if count := getattr(ended, name):
            out.message(f"{text}: {count}")
    if ended.pending:
        out.message(
            "Webhooks, jobs and API keys from before are still being suspended; "
            "see smelt webhooks list, smelt jobs list, smelt keys list"
        )
    if ended.password:
        out.message("The earlier password no longer works; set a new one with smelt password reset")


def advise(out: Output, advice: str) -> None:
    """Print how a password could be stronger, if it could."""
    if advice:
        out.message(f"This password is weak. {advice}")
