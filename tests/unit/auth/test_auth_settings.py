"""Settings of auth: every mistake is said at once, and the command knows its two words."""

import pytest

from services.auth.__main__ import main
from services.auth.settings import AuthSettings
from services.common.settings import load

GOOD = {
    "SMELT_LISTEN": "127.0.0.1:1",
    "SMELT_HEALTH_LISTEN": "127.0.0.1:2",
    "SMELT_DATABASE_URL_FILE": "/nothing",
    "SMELT_TLS_CERT_FILE": "/nothing",
    "SMELT_TLS_KEY_FILE": "/nothing",
    "SMELT_TLS_CA_FILE": "/nothing",
    "SMELT_VAULT_ADDRESS": "127.0.0.1:3",
    "SMELT_FILES_ADDRESS": "127.0.0.1:4",
    "SMELT_PROCESSOR_ADDRESS": "127.0.0.1:5",
}


def test_the_defaults_are_thirty_days_and_seven_without_use(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    settings = load(AuthSettings)
    assert (settings.session_days, settings.session_idle_days) == (30, 7)
    assert settings.bcrypt_threads >= 1


def test_every_mistake_is_named_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in GOOD:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SMELT_SESSION_DAYS", "31")
    monkeypatch.setenv("SMELT_BCRYPT_THREADS", "none")
    with pytest.raises(SystemExit) as exit_:
        load(AuthSettings)
    said = capsys.readouterr().err
    assert exit_.value.code == 2
    for name in ("SMELT_VAULT_ADDRESS", "SMELT_SESSION_DAYS", "SMELT_BCRYPT_THREADS"):
        assert name in said


@pytest.mark.parametrize("arguments", [[], ["server"], ["serve", "now"]])
def test_an_unknown_command_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage" in capsys.readouterr().err
