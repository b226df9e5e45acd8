"""Who may call what: certificates by method, and whether a person must be behind the call."""

from services.common.identity import GATEWAY, PROCESSOR, Allow, Policy

POLICY: Policy = {
    "/envoy.service.auth.v3.Authorization/Check": Allow(GATEWAY),
    "/smelt.auth.v1.UserService/CreateUser": Allow(GATEWAY),
    "/smelt.auth.v1.UserService/GetCurrentUser": Allow(GATEWAY, needs="passport"),
    "/smelt.auth.v1.SessionService/CreateSession": Allow(GATEWAY),
    "/smelt.auth.v1.SessionService/DeleteSession": Allow(GATEWAY, needs="passport"),
    "/smelt.auth.v1.GrantService/MintJobGrant": Allow(PROCESSOR, needs="passport"),
}
