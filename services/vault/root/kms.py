"""The root key as a ciphertext of AWS KMS. This module alone imports boto3, and is imported only if chosen.

The file contains only the ciphertext. KMS opens it with one pinned key and one encryption context, so neither
another installation's file nor another key of the same AWS account works. Everything here blocks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    ReadTimeoutError,
)

from services.vault import private_files
from services.vault.crypto.committing import KEY_BYTES
from services.vault.crypto.secret import wipe
from services.vault.private_files import FileUnusable
from services.vault.root.key import ROOT_FILE_MODE, RootKey, RootKeyUnusable

# Three tries, each with one second to connect and three to answer: a start waits about 15 seconds at most.
# Shorter, and a slow network seals the vault; longer, and a start hangs while KMS is down.
_CONNECT_SECONDS = 1.0
_ANSWER_SECONDS = 3.0
_TRIES = 3
# The most bytes that a symmetric ciphertext has (AWS KMS API, Decrypt).
_MOST_BYTES = 6144


@dataclass(frozen=True, slots=True)
class KmsAccess:
    """The key in KMS, where KMS is, and this installation's name there."""

    key_id: str
    region: str
    endpoint: str
    installation: str

    def context(self) -> dict[str, str]:
        """Return the encryption context, which consists of what is known before unsealing."""
        return {"smelt:purpose": "vault root key v1", "smelt:installation": self.installation}


class KmsForm:
    """32 random bytes that are stored only encrypted."""

    def __init__(self, access: KmsAccess) -> None:
        self.access = access
        self._kms: Any = None

    def made(self) -> bytes:
        with self._errors():
            answer = self._client().generate_data_key_without_plaintext(
                KeyId=self.access.key_id,
                NumberOfBytes=KEY_BYTES,
                EncryptionContext=self.access.context(),
            )
        return bytes(answer["CiphertextBlob"])

    def holding(self, key: bytearray) -> bytes:
        with self._errors():
            answer = self._client().encrypt(
                KeyId=self.access.key_id,
                Plaintext=bytes(key),
                EncryptionContext=self.access.context(),
            )
        return bytes(answer["CiphertextBlob"])

    def read(self, path: Path) -> RootKey:
        try:
            ciphertext = private_files.read_at_most(path, most=_MOST_BYTES, mode=ROOT_FILE_MODE)
        except FileUnusable as error:
            raise RootKeyUnusable(str(error)) from None
        if not ciphertext:
            raise RootKeyUnusable(f"{path} is empty")
        with self._errors(path):
            opened = self._client().decrypt(
                CiphertextBlob=bytes(ciphertext),
                KeyId=self.access.key_id,
                EncryptionContext=self.access.context(),
            )
        # boto3 returns bytes, which cannot be wiped; they are left to the garbage collector.
        key = bytearray(opened["Plaintext"])
        if len(key) != KEY_BYTES:
            wipe(key)
            raise RootKeyUnusable(f"{path} does not contain a root key")
        return RootKey.of(key)

    def _client(self) -> Any:
        if self._kms is None:
            # A session of its own: the default session would cache credentials that have been revoked.
            self._kms = boto3.Session().client(
                "kms",
                region_name=self.access.region,
                endpoint_url=self.access.endpoint or None,
                config=Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_ANSWER_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": _TRIES},
                    proxies={},
                ),
            )
        return self._kms

    @contextmanager
    def _errors(self, path: Path | None = None) -> Iterator[None]:
        """Turn errors of boto3 into one sentence that quotes only the error code."""
        try:
            yield
        except ClientError as error:
            raise RootKeyUnusable(
                self._refused(str(error.response.get("Error", {}).get("Code")), path)
            ) from None
        except NoCredentialsError:
            raise RootKeyUnusable("no AWS credentials were found for AWS KMS") from None
        except ReadTimeoutError:
            raise RootKeyUnusable("AWS KMS did not answer in time") from None
        except (ConnectionError, ConnectTimeoutError, EndpointConnectionError, HTTPClientError):
            raise RootKeyUnusable("AWS KMS cannot be reached") from None
        except (BotoCoreError, ValueError) as error:
            raise RootKeyUnusable(f"AWS KMS cannot be called ({type(error).__name__})") from None

    def _refused(self, code: str, path: Path | None) -> str:
        key = self.access.key_id
        return {
            "AccessDeniedException": f"AWS KMS does not let this vault use the key {key}",
            "DisabledException": f"the key {key} is disabled in AWS KMS",
            "IncorrectKeyException": f"{path} was encrypted under another key than {key}",
            "InvalidCiphertextException": f"{path} is damaged, or was made under another name than "
            f"{self.access.installation} (SMELT_VAULT_KMS_INSTALLATION)",
            "KMSInvalidStateException": f"the key {key} cannot be used in AWS KMS, which may be about to "
            "delete it",
            "NotFoundException": f"there is no key {key} in AWS KMS in {self.access.region}",
        }.get(code, f"AWS KMS refuses ({code})")
