"""The root key in AWS KMS: what opens it, and the one sentence for each way in which it does not."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.vault.root.key import RootKeyFile, RootKeyUnusable
from services.vault.root.kms import KmsAccess, KmsForm
from tests.support import kms as stand_in
from tests.support.kms import Kms

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials in a file, as on a host: boto3 looks nowhere else."""
    file = tmp_path / "aws"
    file.write_text("[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = example\n")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def kms() -> Iterator[Kms]:
    with stand_in.serving() as running:
        yield running


@pytest.fixture
def root(kms: Kms, tmp_path: Path) -> RootKeyFile:
    access = KmsAccess(kms.new_key(), kms.region, kms.endpoint, "production")
    return RootKeyFile(tmp_path / "root.key", KmsForm(access))


def access(root: RootKeyFile) -> KmsAccess:
    assert isinstance(root.form, KmsForm)
    return root.form.access


def again(root: RootKeyFile, **changes: str) -> RootKeyFile:
    """The same provider as another start of the vault makes it."""
    return RootKeyFile(root.path, KmsForm(replace(access(root), **changes)))


def test_the_key_is_made_by_kms_and_stands_in_no_file(kms: Kms, root: RootKeyFile) -> None:
    made = root.load_or_create()
    assert kms.calls == ["GenerateDataKeyWithoutPlaintext", "Decrypt"]
    assert root.path.stat().st_mode & 0o7777 == 0o400
    assert bytes(made.key) not in root.path.read_bytes()
    assert again(root).load().id == made.id == root.load_or_create().id
    assert all(each.startswith("AWS4-HMAC-SHA256") for each in kms.authorizations)


def test_a_key_that_was_written_down_is_put_under_kms(kms: Kms, root: RootKeyFile, tmp_path: Path) -> None:
    plain = RootKeyFile(tmp_path / "plain.key").load_or_create()
    root.restore(plain.key)
    assert again(root).load().id == plain.id
    with pytest.raises(RootKeyUnusable, match="never overwritten"):
        root.restore(plain.key)


def test_a_rotation_has_both_keys_until_it_is_settled(root: RootKeyFile) -> None:
    old = root.load_or_create().id
    new = root.make_next().id
    assert new != old
    assert root.make_next().id == new
    assert (again(root).load().id, again(root).load(old).id, again(root).load(new).id) == (old, old, new)
    root.settle(new)
    root.settle(new)
    assert again(root).load().id == new
    assert [each.name for each in root.path.parent.iterdir() if "root" in each.name] == ["root.key"]
    given_up = root.make_next().id
    root.settle(new)
    assert again(root).load(given_up).id == new


@pytest.mark.promise("S08")
def test_another_key_of_kms_does_not_open_it(kms: Kms, root: RootKeyFile) -> None:
    root.load_or_create()
    with pytest.raises(RootKeyUnusable, match="under another key than arn:aws:kms"):
        again(root, key_id=kms.new_key()).load()
    with pytest.raises(RootKeyUnusable, match="there is no key alias/none"):
        again(root, key_id="alias/none").load()


@pytest.mark.promise("S08")
def test_the_file_of_another_installation_does_not_open(root: RootKeyFile) -> None:
    root.load_or_create()
    with pytest.raises(RootKeyUnusable, match="another name than staging"):
        again(root, installation="staging").load()


@pytest.mark.promise("S08")
@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        ("DisabledException", "is disabled"),
        ("KMSInvalidStateException", "cannot be used"),
        ("AccessDeniedException", "does not let this vault"),
        ("SomethingNewException", r"refuses \(SomethingNewException\)"),
    ],
)
def test_a_refusal_is_told_in_a_sentence(kms: Kms, root: RootKeyFile, refusal: str, said: str) -> None:
    root.load_or_create()
    kms.refusals[access(root).key_id] = refusal
    with pytest.raises(RootKeyUnusable, match=said):
        again(root).load()


def test_a_refusal_at_the_first_start_leaves_no_file(kms: Kms, root: RootKeyFile) -> None:
    kms.refusals["*"] = "AccessDeniedException"
    with pytest.raises(RootKeyUnusable):
        root.load_or_create()
    assert not root.path.exists()


@pytest.mark.promise("S08")
def test_kms_that_is_not_there_is_told(kms: Kms, root: RootKeyFile) -> None:
    root.load_or_create()
    with pytest.raises(RootKeyUnusable, match="cannot be reached"):
        again(root, endpoint="http://127.0.0.1:1").load()


@pytest.mark.promise("S08")
def test_kms_that_hangs_is_asked_three_times_at_most(
    kms: Kms, root: RootKeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    root.load_or_create()
    kms.calls.clear()
    kms.seconds = 5.0
    monkeypatch.setattr("services.vault.root.kms._ANSWER_SECONDS", 0.2)
    with pytest.raises(RootKeyUnusable, match="did not answer in time"):
        again(root).load()
    assert kms.calls == ["Decrypt"] * 3


def test_without_credentials_nothing_is_asked(
    kms: Kms, root: RootKeyFile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root.load_or_create()
    kms.calls.clear()
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(RootKeyUnusable, match="no AWS credentials"):
        again(root).load()
    assert kms.calls == []


@pytest.mark.promise("S08")
def test_a_damaged_file_is_told(root: RootKeyFile) -> None:
    root.load_or_create()
    whole = root.path.read_bytes()
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    for content in (b"", b"x", whole[:-1], flipped, whole + b"\0", b"\0" * 7000):
        root.path.unlink()
        root.path.write_bytes(content)
        root.path.chmod(0o400)
        with pytest.raises(RootKeyUnusable, match=r"empty|damaged"):
            root.load()


@pytest.mark.promise("S08")
def test_the_ciphertext_is_guarded_like_a_key(root: RootKeyFile) -> None:
    root.load_or_create()
    root.path.chmod(0o440)
    with pytest.raises(RootKeyUnusable, match="mode 0440"):
        root.load()
    kept = root.path.rename(root.path.with_name("kept"))
    root.path.symlink_to(kept)
    with pytest.raises(RootKeyUnusable, match="symbolic link"):
        root.load_or_create()


def test_boto3_is_imported_only_when_kms_is_chosen() -> None:
    program = (
        "import sys, services.vault.service; sys.exit('boto3' in sys.modules or 'botocore' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env={"PYTHONPATH": f"{ROOT}:{ROOT}/gen"})
    assert done.returncode == 0
