"""The actions that become events of an account: the one list of them, by the method that does each."""

from collections.abc import Mapping

_AUTH = "/smelt.auth.v1."

ACTIONS: Mapping[str, str] = {
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
