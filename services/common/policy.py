"""Callers of the contracts that more than one service serves, for their lists."""

from services.common.identity import AUTH, Allow, Policy

PRIVACY: Policy = {
    "/smelt.privacy.v1.PrivacyService/ExportPart": Allow(AUTH, needs="export"),
    "/smelt.privacy.v1.PrivacyService/ErasePart": Allow(AUTH, needs="erasure"),
}
