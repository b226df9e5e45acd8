"""TemplateService: proto to domain and back."""

from functools import partial

from smelt.processor.v1 import templates_pb2, templates_pb2_grpc

from services.common import identity, paging
from services.common.errors import InvalidRequest
from services.common.ids import parse_name
from services.common.rpc.servicing import CREATED, Context
from services.processor.templates import library
from services.processor.templates.prompt_settings import (
    DEFAULT_MAX_TOKENS,
    DEFAULT_TEMPERATURE,
    DEFAULT_THINKING_TOKENS,
    PromptSettings,
)
from services.processor.templates.template import MOST_READ, Template, TemplateFields
from services.processor.templates.templates import Templates
from services.processor.templates.warnings import warnings_of
from services.processor.trials.template_calls import TestedRow
from services.processor.trials.templates import TemplateTests, TestRequest
from services.processor.usage.prices import thinks


class TemplateServicer(templates_pb2_grpc.TemplateServiceServicer):
    """Serves templates of people."""

    def __init__(self, templates: Templates, tests: TemplateTests) -> None:
        self._templates = templates
        self._tests = tests

    async def CreateTemplate(
        self, request: templates_pb2.CreateTemplateRequest, context: Context
    ) -> templates_pb2.Template:
        person = identity.passport(context)
        key = identity.current_call().idempotency_key
        template = await self._templates.create(person, to_fields(request.template), key)
        await context.send_initial_metadata(CREATED)
        return to_proto(template)

    async def ListTemplates(
        self, request: templates_pb2.ListTemplatesRequest, context: Context
    ) -> templates_pb2.ListTemplatesResponse:
        person = identity.passport(context)
        page, token = await paging.page(
            request, partial(self._templates.page, person), show=to_proto, at_once=MOST_READ
        )
        return templates_pb2.ListTemplatesResponse(templates=page, next_page_token=token)

    async def GetTemplate(
        self, request: templates_pb2.GetTemplateRequest, context: Context
    ) -> templates_pb2.Template:
        person = identity.passport(context)
        return to_proto(await self._templates.get(person, parse_name("templates", request.name)))

    async def UpdateTemplate(
        self, request: templates_pb2.UpdateTemplateRequest, context: Context
    ) -> templates_pb2.Template:
        person = identity.passport(context)
        changed = await self._templates.update(
            person,
            parse_name("templates", request.template.name),
            to_fields(request.template),
            given={field.name for field, _ in request.template.ListFields()},
            mask=request.update_mask.paths,
        )
        return to_proto(changed)

    async def DeleteTemplate(
        self, request: templates_pb2.DeleteTemplateRequest, context: Context
    ) -> templates_pb2.DeleteTemplateResponse:
        await self._templates.remove(identity.passport(context), parse_name("templates", request.name))
        return templates_pb2.DeleteTemplateResponse()

    async def PreviewTemplate(
        self, request: templates_pb2.PreviewTemplateRequest, context: Context
    ) -> templates_pb2.PreviewTemplateResponse:
        previews = await self._templates.preview(
            identity.passport(context),
            id_=parse_name("templates", request.name) if request.name else "",
            prompt=request.template.prompt,
            file=request.file,
            first=request.first_row,
            count=request.row_count,
            mock_values=dict(request.mock_values),
        )
        return templates_pb2.PreviewTemplateResponse(
            previews=[
                templates_pb2.PreviewTemplateResponse.Preview(row=each.row, prompt=each.prompt)
                for each in previews
            ]
        )

    async def DuplicateTemplate(
        self, request: templates_pb2.DuplicateTemplateRequest, context: Context
    ) -> templates_pb2.Template:
        person = identity.passport(context)
        if request.name.startswith(f"{library.COLLECTION}/"):
            fields = library.find(request.name.partition("/")[2]).fields
        else:
            fields = (await self._templates.get(person, parse_name("templates", request.name))).fields
        key = identity.current_call().idempotency_key
        return to_proto(
            await self._templates.duplicate(person, fields, display_name=request.display_name, key=key)
        )

    async def TestTemplate(
        self, request: templates_pb2.TestTemplateRequest, context: Context
    ) -> templates_pb2.TestTemplateResponse:
        last = (request.name,) if request.name else ()
        if last and request.HasField("template"):
            raise InvalidRequest(violations=[("template", "cannot be given together with `name`")])
        tested = await self._tests.test(
            identity.passport(context),
            TestRequest(
                templates=(*request.templates, *last),
                file=request.file,
                first_row=request.first_row,
                row_count=request.row_count,
                mock_values=dict(request.mock_values),
                api_key=request.api_key,
                draft=to_fields(request.template) if request.HasField("template") else None,
            ),
        )
        return templates_pb2.TestTemplateResponse(
            rows=[_tested(row) for row in tested.rows], mocked=dict(tested.mocked)
        )

    async def ListLibraryTemplates(
        self, request: templates_pb2.ListLibraryTemplatesRequest, context: Context
    ) -> templates_pb2.ListLibraryTemplatesResponse:
        found, token = paging.sliced(
            library.templates(request.category), request.page_token, request.page_size
        )
        return templates_pb2.ListLibraryTemplatesResponse(
            library_templates=[to_proto(each, library.COLLECTION) for each in found], next_page_token=token
        )

    async def GetLibraryTemplate(
        self, request: templates_pb2.GetLibraryTemplateRequest, context: Context
    ) -> templates_pb2.Template:
        return to_proto(library.find(request.name.partition("/")[2]), library.COLLECTION)


def _tested(row: TestedRow) -> templates_pb2.TestTemplateResponse.Row:
    return templates_pb2.TestTemplateResponse.Row(
        number=row.number,
        confidence=row.confidence,
        steps=[
            templates_pb2.TestTemplateResponse.Step(
                number=number,
                template=step.template.removesuffix("templates/"),
                prompt=step.prompt,
                outputs=dict(step.outputs),
                raw_outputs=dict(step.raw),
                flags=step.flags,
                error_reason=step.failure.reason if step.failure else "",
                error_message=step.failure.message if step.failure else "",
                provider_message=step.failure.said if step.failure else "",
                input_tokens=step.input_tokens,
                output_tokens=step.output_tokens,
            )
            for number, step in enumerate(row.steps, 1)
        ],
    )


def to_fields(template: templates_pb2.Template) -> TemplateFields:
    """Return what a message says of a template, with the defaults for what it leaves open."""
    settings = PromptSettings(
        prompt=template.prompt,
        output_column=template.output_column,
        model=template.model,
        temperature=template.temperature if template.HasField("temperature") else DEFAULT_TEMPERATURE,
        max_tokens=template.max_tokens or _usual_tokens(template),
        character_limit=template.character_limit,
        word_limit=template.word_limit,
        forbidden_words=tuple(template.forbidden_words),
        reference_columns=tuple(template.reference_columns),
        json_schema=template.json_schema,
        reasoning_effort=template.reasoning_effort,
        max_completion_tokens=template.max_completion_tokens,
        is_choice=template.is_choice,
        auto_fix_off=template.auto_fix_off,
    )
    return TemplateFields(template.display_name, template.category, settings)


def _usual_tokens(template: templates_pb2.Template) -> int:
    is_thinking = template.reasoning_effort or thinks(template.model)
    return DEFAULT_THINKING_TOKENS if is_thinking else DEFAULT_MAX_TOKENS


def to_proto(template: Template, collection: str = "templates") -> templates_pb2.Template:
    """Return the message for a template."""
    message = templates_pb2.Template(name=f"{collection}/{template.id}", **template.fields.document())
    message.create_time.FromDatetime(template.create_time)
    message.update_time.FromDatetime(template.update_time)
    message.warnings.extend(warnings_of(template.fields.settings.prompt))
    return message
