"""Which secret signs a project's callbacks: none is stored, each follows from the tenant's and its number."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.domain.callback import OVERLAP, SecretInUse, project_key, signing_keys
from sluice.domain.clock import format_time
from sluice.domain.errors import Conflict
from sluice.stores import keys
from sluice.stores.items import Items
from sluice.stores.records import from_item, to_attributes
from sluice.stores.secrets import CALLBACKS, SecretStore


@dataclass(frozen=True)
class CallbackSecrets:
    items: Items
    secrets: SecretStore

    def in_use(self, tenant: str, project: str) -> SecretInUse:
        item = self.items.get(keys.callback_secret(tenant=tenant, project=project))
        return from_item(SecretInUse, item) if item else SecretInUse()

    def key(self, tenant: str, project: str, used: SecretInUse) -> bytes:
        """The newest."""
        return project_key(self.secrets.key(tenant, CALLBACKS), project, used.generation)

    def signing(self, tenant: str, project: str) -> list[bytes]:
        """Every key that signs now, the newest first."""
        used = self.in_use(tenant, project)
        return signing_keys(self.secrets.key(tenant, CALLBACKS), project, used, self.items.now())

    def rotate(self, tenant: str, project: str, *, at_once: bool) -> SecretInUse:
        """The next secret. `at_once`: the one before signs nothing from now on, else for a day.

        Conflict while the last change goes on, unless at once: what receivers still have would sign no more.
        """
        used, now = self.in_use(tenant, project), self.items.now()
        if used.is_changing(now) and not at_once:
            raise Conflict(f"the secret before the last change signs until {used.previous_until}")
        until = None if at_once else format_time(self.items.clock() + OVERLAP)
        following = SecretInUse(used.generation + 1, until)
        pk, sk = keys.callback_secret(tenant=tenant, project=project)
        if used.generation == 0:
            if not self.items.put_new({"pk": pk, "sk": sk, **to_attributes(following)}):
                raise Conflict("somebody else changed the secret at the same moment")
        else:
            changes = {"generation": following.generation, "previous_until": following.previous_until}
            self.items.update((pk, sk), changes, expected={"generation": used.generation})
        return following
