"""Who may call what: people, by the gateway."""

from services.common import privacy_servicer
from services.common.identity import GATEWAY, Allow, Policy

_JOBS = "/smelt.processor.v1.JobService/"
_TEMPLATES = "/smelt.processor.v1.TemplateService/"

POLICY: Policy = {
    **privacy_servicer.POLICY,
    _JOBS + "CreateJob": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "ListJobs": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "GetJob": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "WatchJob": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "CancelJob": Allow(GATEWAY, needs="passport", scope="write"),
    _JOBS + "ListJobRows": Allow(GATEWAY, needs="passport", scope="read"),
    _JOBS + "DownloadResults": Allow(GATEWAY, needs="passport", scope="read"),
    _TEMPLATES + "CreateTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    _TEMPLATES + "ListTemplates": Allow(GATEWAY, needs="passport", scope="read"),
    _TEMPLATES + "GetTemplate": Allow(GATEWAY, needs="passport", scope="read"),
    _TEMPLATES + "UpdateTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    _TEMPLATES + "DeleteTemplate": Allow(GATEWAY, needs="passport", scope="write"),
    # It changes nothing, but to the edge a POST is a change.
    _TEMPLATES + "PreviewTemplate": Allow(GATEWAY, needs="passport", scope="write"),
}
