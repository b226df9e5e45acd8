"""Each test of this folder runs on both sides: against the real vault and against the stand-in for it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from deploy.local.certificates import Certificates
from tests.integration.vault.contract.sides import RealSide, Side, StandInSide
from tests.integration.vault.vault_process import Vault
from tests.support.ports import free_port
from tests.support.vault.stand_in import VaultStandIn


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stand_in(certificates: Certificates) -> AsyncIterator[StandInSide]:
    side = StandInSide(VaultStandIn(), certificates, f"127.0.0.1:{free_port()}")
    await side.start()
    yield side
    await side.close()


@pytest.fixture(params=["real", "stand-in"])
def side(request: pytest.FixtureRequest, vault: Vault, stand_in: StandInSide) -> Side:
    """One of the two; tests take accounts of their own."""
    return RealSide(vault) if request.param == "real" else stand_in
