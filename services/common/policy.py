"""The callers of contracts that several services serve, for their policies."""

from services.common.identity import AUTH, Allow, Policy

PRIVACY: Policy = {
    "/smelt.privacy.v1.PrivacyService/ExportPart": Allow(AUTH, needs="export"),
    "/smelt.privacy.v1.PrivacyService/ErasePart": Allow(AUTH, needs="erasure"),
}
SUSPENSION: Policy = {"/smelt.suspension.v1.SuspensionService/SuspendEarlier": Allow(AUTH)}
