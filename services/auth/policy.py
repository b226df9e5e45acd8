"""The allowed callers of each method, by certificate, and whether a person must be behind the call."""

from services.common.identity import FILES, GATEWAY, PROCESSOR, Allow, Policy

POLICY: Policy = {
    "/envoy.service.auth.v3.Authorization/Check": Allow(GATEWAY),
    "/smelt.auth.v1.UserService/CreateUser": Allow(GATEWAY),
    "/smelt.auth.v1.UserService/GetCurrentUser": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.auth.v1.UserService/ChangePassword": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.UserService/VerifyEmail": Allow(GATEWAY),
    "/smelt.auth.v1.RecoveryService/RequestPasswordReset": Allow(GATEWAY),
    "/smelt.auth.v1.RecoveryService/ConfirmPasswordReset": Allow(GATEWAY),
    "/smelt.auth.v1.RecoveryService/RequestSignInLink": Allow(GATEWAY),
    "/smelt.auth.v1.RecoveryService/ConfirmSignInLink": Allow(GATEWAY),
    "/smelt.auth.v1.SessionService/CreateSession": Allow(GATEWAY),
    "/smelt.auth.v1.SessionService/ListSessions": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.SessionService/RevokeOtherSessions": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.SessionService/DeleteSession": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.AccessTokenService/CreateAccessToken": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.AccessTokenService/ListAccessTokens": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.AccessTokenService/GetAccessToken": Allow(GATEWAY, needs="passport", scope="account"),
    # With `write` alone, an access token can delete only itself.
    "/smelt.auth.v1.AccessTokenService/DeleteAccessToken": Allow(GATEWAY, needs="passport", scope="write"),
    "/smelt.auth.v1.DataExportService/CreateDataExport": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.DataExportService/ListDataExports": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.DataExportService/GetDataExport": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.AuditEventService/ListAuditEvents": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.auth.v1.DeletionService/DeleteCurrentUser": Allow(GATEWAY, needs="passport", scope="account"),
    "/smelt.auth.v1.SessionStateService/GetSessionStates": Allow(FILES, PROCESSOR),
    "/smelt.auth.v1.GrantService/MintJobGrant": Allow(PROCESSOR, needs="passport", scope="write"),
}
