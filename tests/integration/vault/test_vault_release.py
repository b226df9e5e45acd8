"""Releases over a real stream: what a grant opens, once each, and what it does not."""

from tests.integration.vault.vault_process import SECRET, Vault, new_account, worker


async def test_a_grant_releases_its_key(vault: Vault) -> None:
    account = new_account()
    key = await vault.add_key(account)
    grant = (await vault.grant(account, key.name)).token
    async with worker(vault) as stream:
        answer = await stream.ask(grant)
        assert answer.released.secret == SECRET.encode()
        assert answer.released.base_url == key.base_url
        assert await stream.outcomes(grant, range(2, 60)) == [SECRET] * 58
