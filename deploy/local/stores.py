"""The four stores of the embedded stack, and each service's settings for the ones it may use."""

from dataclasses import dataclass

from deploy.local.accounts import Identities
from deploy.local.backups import PART as BACKUPS
from deploy.local.backups import SERVER as BACKED_UP
from deploy.local.certificates import SERVICES
from deploy.local.layout import Layout
from deploy.local.ports import PortBlock
from deploy.local.postgres import Cluster, reachable_binaries
from deploy.local.runtime import Runtime
from deploy.local.s3 import BUCKET, REGION, ObjectStore
from deploy.local.settings import LauncherSettings
from deploy.local.valkey import Valkey


@dataclass(frozen=True, slots=True)
class Stores:
    """The main cluster, the vault's own cluster, Valkey and the object store."""

    postgres: Cluster
    keystore: Cluster
    valkey: Valkey
    s3: ObjectStore

    @classmethod
    def over(
        cls,
        layout: Layout,
        ports: PortBlock,
        identities: Identities,
        runtime: Runtime,
        *,
        backed_up: bool = False,
    ) -> "Stores":
        """The stores of a state directory, each on its own port, each with its own user."""
        programs = reachable_binaries(identities.of("postgres"), layout.state)

        def cluster(name: str, *databases: str, backed_up: bool = False) -> Cluster:
            user = identities.of(name)
            return Cluster(
                name,
                ports.take(),
                (*databases, BACKUPS) if backed_up else databases,
                layout.state,
                layout.secrets,
                programs,
                user,
                BACKED_UP if backed_up else None,
                BACKUPS if backed_up else "",
            )

        return cls(
            cluster("postgres", *SERVICES, backed_up=backed_up),
            cluster("keystore", "keystore"),
            Valkey(ports.take(), layout.state / "valkey", layout.secrets, identities.of("valkey"), runtime),
            ObjectStore(ports.take(), layout.state / "s3", layout.secrets, identities.of("s3"), runtime),
        )

    def told(
        self,
        settings: LauncherSettings,
        layout: Layout,
        *,
        provider_address: str,
        identities: Identities = Identities(),  # noqa: B008 -- it is frozen
    ) -> dict[str, dict[str, str]]:
        """The settings that name each service's stores. Secrets are paths of files, which this writes."""
        told = {
            name: {"SMELT_DATABASE_URL_FILE": str(self.postgres.url_file(name, reader=identities.of(name)))}
            for name in SERVICES
        }
        # The stand-in listens on loopback, to which keys are not sent otherwise.
        private = ",".join(entry for entry in (settings.private_providers, provider_address) if entry)
        told["auth"] |= {"SMELT_MAIL_DIR": str((settings.mail_dir or layout.state / "mail").resolve())}
        told["vault"] |= {
            "SMELT_VAULT_KEYSTORE_URL_FILE": str(
                self.keystore.url_file("keystore", reader=identities.of("vault"))
            ),
            "SMELT_VAULT_ROOT_KEY_FILE": str(layout.vault / "root.key"),
            "SMELT_VAULT_WRAPPING_KEY_FILE": str(layout.vault / "wrapping.key"),
            "SMELT_VAULT_LEDGER_DIR": str(layout.vault / "ledger"),
            "SMELT_PRIVATE_PROVIDERS": private,
        }
        self.s3.keys(reader=identities.of("files"))
        told["files"] |= {
            "SMELT_S3_ENDPOINT": self.s3.endpoint,
            "SMELT_S3_BUCKET": BUCKET,
            "SMELT_S3_REGION": REGION,
            "SMELT_S3_ACCESS_KEY_FILE": str(self.s3.access_key_file),
            "SMELT_S3_SECRET_KEY_FILE": str(self.s3.secret_key_file),
        }
        told["processor"] |= {
            "SMELT_REDIS_URL_FILE": str(self.valkey.url_file(reader=identities.of("processor"))),
            "SMELT_PRIVATE_PROVIDERS": private,
            "SMELT_PRIVATE_WEBHOOKS": settings.private_webhooks,
        }
        return told
