"""The allowed callers of each method of the vault."""

from services.common.identity import AUTH, FILES, GATEWAY, OPERATOR, PROCESSOR, Allow, Policy
from services.common.policy import PRIVACY, SUSPENSION

_KEYS = "/smelt.vault.v1.ApiKeyService/"
_DIRECTORY = "/smelt.vault.v1.ApiKeyDirectoryService/"
_RELEASE = "/smelt.vault.v1.KeyReleaseService/"
_DATA = "/smelt.vault.v1.DataKeyService/"
_WEBHOOKS = "/smelt.vault.v1.WebhookSecretService/"
_SIGNING = "/smelt.vault.v1.SigningService/"
_ERASURE = "/smelt.vault.v1.ErasureService/"
_LEDGER = "/smelt.vault.v1.ErasureLedgerService/"
_AUDIT = "/smelt.vault.v1.AuditService/"
_AUDIT_OPERATOR = "/smelt.vault.v1.AuditOperatorService/"
_OPERATOR = "/smelt.vault.v1.OperatorService/"

POLICY: Policy = {
    _KEYS + "CreateApiKey": Allow(GATEWAY, needs="passport", scope="write"),
    _KEYS + "ListApiKeys": Allow(GATEWAY, needs="passport", scope="read"),
    _KEYS + "GetApiKey": Allow(GATEWAY, needs="passport", scope="read"),
    _KEYS + "DeleteApiKey": Allow(GATEWAY, needs="passport", scope="write"),
    _KEYS + "ActivateApiKey": Allow(GATEWAY, needs="passport", scope="write"),
    _KEYS + "ListApiKeyUses": Allow(GATEWAY, needs="passport", scope="read"),
    _DIRECTORY + "DescribeApiKey": Allow(PROCESSOR, needs="passport", scope="read"),
    _DIRECTORY + "RecordKeyTest": Allow(PROCESSOR, needs="passport", scope="write"),
    # Grants are in the messages of the stream.
    _RELEASE + "ReleaseApiKeys": Allow(PROCESSOR),
    # A sealed grant is worth what the grant allows, and nobody without the processor's database has one.
    _RELEASE + "OpenGrant": Allow(PROCESSOR),
    _RELEASE + "RevokeGrant": Allow(PROCESSOR, needs="proof", scope="write"),
    # The scope `read` suffices to create keys: a download may be spooled, encrypted, before it is sent.
    _DATA + "CreateDataKey": Allow(FILES, PROCESSOR, needs="key proof", scope="read"),
    _DATA + "OpenDataKey": Allow(FILES, PROCESSOR, needs="key proof", scope="read"),
    # These return no key in the clear, and they run when nobody is signed in.
    _DATA + "ListRetiringAccounts": Allow(FILES, PROCESSOR),
    _DATA + "RewrapDataKeys": Allow(FILES, PROCESSOR),
    _DATA + "ConfirmRewrapped": Allow(FILES, PROCESSOR),
    _WEBHOOKS + "CreateWebhookSecret": Allow(PROCESSOR, needs="passport", scope="write"),
    # Workers send webhooks when nobody is signed in, under a grant; the secret stays in the vault.
    _WEBHOOKS + "SignWebhook": Allow(PROCESSOR, needs="proof", scope="write"),
    _WEBHOOKS + "RecordWebhookChange": Allow(PROCESSOR, needs="passport", scope="write"),
    _SIGNING + "Sign": Allow(AUTH),
    _SIGNING + "Mac": Allow(AUTH),
    _SIGNING + "GetVerificationKeys": Allow(AUTH, FILES, PROCESSOR),
    _SIGNING + "GetPageKey": Allow(AUTH, FILES, PROCESSOR),
    _ERASURE + "DestroyAccountKey": Allow(AUTH),
    _ERASURE + "CompareHistory": Allow(AUTH),
    _ERASURE + "ListErasedAccounts": Allow(AUTH),
    _LEDGER + "ListErasures": Allow(OPERATOR),
    _LEDGER + "ReplayErasures": Allow(OPERATOR),
    _AUDIT + "ListEvents": Allow(AUTH),
    **PRIVACY,
    **SUSPENSION,
    _AUDIT_OPERATOR + "VerifyAudit": Allow(OPERATOR),
    _AUDIT_OPERATOR + "ExportAuditMonth": Allow(OPERATOR),
    _AUDIT_OPERATOR + "DropAuditMonth": Allow(OPERATOR),
    _AUDIT_OPERATOR + "GetCheckpointKeys": Allow(OPERATOR),
    _OPERATOR + "SetManagedApiKey": Allow(OPERATOR),
    _OPERATOR + "RotateWrappingKey": Allow(OPERATOR),
    _OPERATOR + "RotateAccountKeys": Allow(OPERATOR),
    _OPERATOR + "RotateRootKey": Allow(OPERATOR),
    _OPERATOR + "GetVaultStatus": Allow(OPERATOR),
}
# A sealed vault cannot verify tokens. Callers with a valid certificate learn that it is sealed.
SEALED_POLICY: Policy = {method: Allow(*allow.callers) for method, allow in POLICY.items()}
