"""Which callers may use which methods: people, through the gateway."""

from services.common.identity import GATEWAY, Allow, Policy
from services.common.policy import PRIVACY, SUSPENSION

_JOBS = "/smelt.processor.v1.JobService/"
_KEY_TESTS = "/smelt.processor.v1.ApiKeyTestService/"
_TEMPLATES = "/smelt.processor.v1.TemplateService/"
_WEBHOOKS = "/smelt.processor.v1.WebhookService/"
_VARIABLES = "/smelt.processor.v1.VariableService/"

POLICY: Policy = {
    **PRIVACY,
    **SUSPENSION,
    _JOBS + "CreateJob": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "ListJobs": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "GetJob": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "WatchJob": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "CancelJob": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "DeleteJob": Allow(GATEWAY, needs="passport", scope="write"),
    # It starts nothing, but the edge takes every POST for a change.
    _JOBS + "EstimateJob": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "PauseJob": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "ResumeJob": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "RetryFailedRows": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "RegenerateRow": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "RestoreAnswers": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "UpdateJobRow": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "ListJobRows": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "DownloadResults": Allow(GATEWAY, needs="passport", scope="read"),
    _KEY_TESTS + "TestApiKey": Allow(GATEWAY, needs="passport", scope="write", at_once=5),
    _TEMPLATES + "CreateTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    _TEMPLATES + "ListTemplates": Allow(GATEWAY, needs="passport", scope="read"),
    _TEMPLATES + "GetTemplate": Allow(GATEWAY, needs="passport", scope="read"),
    _TEMPLATES + "UpdateTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    _TEMPLATES + "DeleteTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    # It changes nothing, but the edge takes every POST for a change.
    _TEMPLATES + "PreviewTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    _TEMPLATES + "DuplicateTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    # These wait for somebody else's server, a test of templates for three quarters of a minute.
    _TEMPLATES + "TestTemplate": Allow(GATEWAY, needs="passport", scope="write", at_once=5),
    _TEMPLATES + "ListLibraryTemplates": Allow(GATEWAY, needs="passport", scope="read"),
    _TEMPLATES + "GetLibraryTemplate": Allow(GATEWAY, needs="passport", scope="read"),
    _VARIABLES + "CreateVariable": Allow(GATEWAY, needs="passport", scope="write"),
    _VARIABLES + "ListVariables": Allow(GATEWAY, needs="passport", scope="read"),
    _VARIABLES + "GetVariable": Allow(GATEWAY, needs="passport", scope="read"),
    _VARIABLES + "UpdateVariable": Allow(GATEWAY, needs="passport", scope="write"),
    _VARIABLES + "DeleteVariable": Allow(GATEWAY, needs="passport", scope="write"),
    _WEBHOOKS + "CreateWebhook": Allow(GATEWAY, needs="passport", scope="write"),
    _WEBHOOKS + "ListWebhooks": Allow(GATEWAY, needs="passport", scope="read"),
    _WEBHOOKS + "GetWebhook": Allow(GATEWAY, needs="passport", scope="read"),
    _WEBHOOKS + "UpdateWebhook": Allow(GATEWAY, needs="passport", scope="write"),
    _WEBHOOKS + "ConfirmWebhook": Allow(GATEWAY, needs="passport", scope="write"),
    _WEBHOOKS + "DeleteWebhook": Allow(GATEWAY, needs="passport", scope="write"),
    _WEBHOOKS + "RotateWebhookSecret": Allow(GATEWAY, needs="passport", scope="write"),
    _WEBHOOKS + "TestWebhook": Allow(GATEWAY, needs="passport", scope="write"),
    _WEBHOOKS + "ListWebhookDeliveries": Allow(GATEWAY, needs="passport", scope="read"),
    _WEBHOOKS + "GetWebhookDelivery": Allow(GATEWAY, needs="passport", scope="read"),
    _WEBHOOKS + "RedeliverWebhookDelivery": Allow(GATEWAY, needs="passport", scope="write"),
    "/smelt.processor.v1.JobSettingsService/GetJobSettings": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.processor.v1.JobSettingsService/UpdateJobSettings": Allow(
        GATEWAY, needs="passport", scope="write"
    ),
    "/smelt.processor.v1.UsageService/GetUsage": Allow(GATEWAY, needs="passport", scope="read"),
    "/smelt.processor.v1.ModelService/ListModels": Allow(GATEWAY, needs="passport", scope="read"),
}
