"""The actions that are recorded as events of an account: the only list of them, by method."""

from collections.abc import Mapping

_AUTH = "/smelt.auth.v1."

#: Written in the transaction of the change, because neither the request nor the answer names the account.
RESET_PASSWORD = "reset-password"  # noqa: S105 -- the name of an action
WRITTEN_WITH_THE_CHANGE: Mapping[str, str] = {_AUTH + "RecoveryService/ConfirmPasswordReset": RESET_PASSWORD}
#: Written after the call has ended, whether it succeeded or was refused.
WRITTEN_AFTER_THE_CALL: Mapping[str, str] = {
    _AUTH + "UserService/CreateUser": "register",
    _AUTH + "UserService/ChangePassword": "change-password",
    _AUTH + "SessionService/CreateSession": "sign-in",
    _AUTH + "SessionService/DeleteSession": "end-session",
    _AUTH + "SessionService/RevokeOtherSessions": "end-other-sessions",
    _AUTH + "AccessTokenService/CreateAccessToken": "create-access-token",
    _AUTH + "AccessTokenService/DeleteAccessToken": "delete-access-token",
    _AUTH + "DataExportService/CreateDataExport": "export-data",
    _AUTH + "DeletionService/DeleteCurrentUser": "delete-account",
    _AUTH + "RecoveryService/ConfirmSignInLink": "sign-in-by-link",
}
#: What services do by themselves in the course of what an owner asked for, as the vault records it.
AUTOMATIC = frozenset(
    {
        "release",
        "revoke-grant",
        "create-data-key",
        "open-data-key",
        "rewrap-data-keys",
        "sign-webhook",
        "rotate-account-key",
        "destroy-retired-account-keys",
    }
)
ACTIONS: Mapping[str, str] = {**WRITTEN_AFTER_THE_CALL, **WRITTEN_WITH_THE_CHANGE}
