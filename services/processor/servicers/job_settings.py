"""JobSettingsService: proto to domain and back."""

from smelt.processor.v1 import job_settings_pb2, job_settings_pb2_grpc

from services.common import identity
from services.common.rpc.servicing import Context
from services.processor.jobs.settings import JobSettings


class JobSettingsServicer(job_settings_pb2_grpc.JobSettingsServiceServicer):
    """Serves the settings for all jobs of an account."""

    def __init__(self, settings: JobSettings) -> None:
        self._settings = settings

    async def GetJobSettings(
        self, request: job_settings_pb2.GetJobSettingsRequest, context: Context
    ) -> job_settings_pb2.JobSettings:
        return self._to_proto(await self._settings.get(identity.passport(context)))

    async def UpdateJobSettings(
        self, request: job_settings_pb2.UpdateJobSettingsRequest, context: Context
    ) -> job_settings_pb2.JobSettings:
        person = identity.passport(context)
        return self._to_proto(await self._settings.update(person, request.parallel_calls))

    def _to_proto(self, parallel_calls: int) -> job_settings_pb2.JobSettings:
        limits = self._settings.limits
        return job_settings_pb2.JobSettings(
            name="jobSettings",
            parallel_calls=parallel_calls,
            installation_parallel_calls=limits.usual(0),
            max_parallel_calls=limits.most,
        )
