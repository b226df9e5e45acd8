"""The operator's commands below `erasures`: list what was erased, and erase it again after a restore."""

from argparse import ArgumentParser, Namespace

from smelt.vault.v1 import erasure_pb2, erasure_pb2_grpc

from services.vault.commands.client import call_vault, counted

_LIST_SECONDS = 60.0
_REPLAY_SECONDS = 600.0
_PAGE = 1000
Stub = erasure_pb2_grpc.ErasureLedgerServiceStub


def add_commands(parser: ArgumentParser) -> None:
    """Add the commands below `erasures`."""
    actions = parser.add_subparsers(required=True, metavar="action")
    for name, action in (("list", listed), ("replay", replay)):
        actions.add_parser(name, help=action.__doc__).set_defaults(run=action)


def listed(_: Namespace) -> int:
    """Print the erasure ledger, oldest entry first; exit with 1 if an entry was altered."""

    async def call(stub: Stub) -> None:
        token = ""
        while True:
            page = await stub.ListErasures(
                erasure_pb2.ListErasuresRequest(page_size=_PAGE, page_token=token), timeout=_LIST_SECONDS
            )
            for each in page.erasures:
                kind = erasure_pb2.Erasure.Kind.Name(each.kind)
                time = each.time.ToDatetime().isoformat(timespec="seconds")
                print(each.seq, f"{time}Z", kind, *filter(None, (each.account, each.object)), sep="\t")
            token = page.next_page_token
            if not token:
                return

    return call_vault(call, Stub)


def replay(_: Namespace) -> int:
    """Erase again, after a restore, everything that was erased before, and make the vault ready."""

    async def call(stub: Stub) -> str:
        answer = await stub.ReplayErasures(erasure_pb2.ReplayErasuresRequest(), timeout=_REPLAY_SECONDS)
        return (
            f"replayed the erasure of {counted(answer.accounts, 'account')} and "
            f"{counted(answer.api_keys, 'API key')}; {counted(answer.destroyed, 'account')} still had a key"
        )

    return call_vault(call, Stub)
