"""Who may call what: people, by the gateway."""

from services.common.identity import GATEWAY, Allow, Policy

_JOBS = "/smelt.processor.v1.JobService/"
_TEMPLATES = "/smelt.processor.v1.TemplateService/"

POLICY: Policy = {
    _JOBS + "CreateJob": Allow(GATEWAY, needs="passport"),
    _JOBS + "ListJobs": Allow(GATEWAY, needs="passport"),
    _JOBS + "GetJob": Allow(GATEWAY, needs="passport"),
    _JOBS + "WatchJob": Allow(GATEWAY, needs="passport"),
    _JOBS + "CancelJob": Allow(GATEWAY, needs="passport"),
    _JOBS + "ListJobRows": Allow(GATEWAY, needs="passport"),
    _JOBS + "DownloadResults": Allow(GATEWAY, needs="passport"),
    _TEMPLATES + "CreateTemplate": Allow(GATEWAY, needs="passport"),
    _TEMPLATES + "ListTemplates": Allow(GATEWAY, needs="passport"),
    _TEMPLATES + "GetTemplate": Allow(GATEWAY, needs="passport"),
    _TEMPLATES + "UpdateTemplate": Allow(GATEWAY, needs="passport"),
    _TEMPLATES + "DeleteTemplate": Allow(GATEWAY, needs="passport"),
    _TEMPLATES + "PreviewTemplate": Allow(GATEWAY, needs="passport"),
}
