"""Which version speaks, and its checked files in memory. The database says it, not a variable."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

from django.conf import settings

from tagging.head import BrokenHead, GoldenOutputs, Head
from tagging.models import ModelVersion, NetworkState, Promotion, VersionState
from tagging.presets import current_policy
from tagging.signals import network_changed
from tagging.version_files import GOLDEN, HEAD, DamagedVersion, read_verified

if TYPE_CHECKING:
    from tagging.engine import Engine, EngineChoice

logger = logging.getLogger(__name__)

KERAS = "keras"
# A serving process holds the live backbone, the first day's where that has words of its own to say,
# and the last one while it is being replaced.
KEPT_ENGINES = 3


@dataclass(frozen=True, eq=False)
class LoadedVersion:
    """A version whose files were checked: its head (None for version 0) and its backbone."""

    version: ModelVersion
    head: Head | None
    engine: Engine

    @cached_property
    def first_day(self) -> Engine | None:
        """Return the engine whose own classes give the first day's words, None where none has any.

        That is the version's own, unless its network came without a linear top: then the network
        of the first day goes on saying them. Words are something to lose in a swap.
        """
        if self.engine.imagenet_head() is not None:
            return self.engine
        return _first_day_engine(besides=self.engine.card.key)

    @property
    def spaces(self) -> tuple[str, ...]:
        """Return the keys of the backbones whose vectors are read: first those that the head
        reads, then those of the first day's words, where another network says them."""
        own = self.engine.card.key
        if self.first_day is None or self.first_day is self.engine:
            return (own,)
        return own, self.first_day.card.key


def live_promotion() -> Promotion | None:
    """Return the newest promotion with its version, in one query; None before the first."""
    return Promotion.objects.select_related("version").first()


def live_version() -> ModelVersion:
    """Return the version that was promoted last, or version 0 before the first promotion."""
    promotion = live_promotion()
    return promotion.version if promotion else ModelVersion.objects.bootstrap()


def live_backbone() -> str:
    """Return the key of the backbone that serves, so that new photos are embedded with it and the
    next head is taught on it.

    A backbone stays until another one has won; version 0 follows `EYES_BACKBONE`, the network of
    the first day. While a damaged version is passed over it is that of the one that stands in.
    """
    return (stand_in() or live_version()).serving_backbone


def standing_versions() -> list[ModelVersion]:
    """Return the live version and those it would fall back to, the nearest first.

    Promotions pile up and a rollback takes away what lies above its target, so that going back
    twice never returns to the version that was left first. Version 0 is always the ground. What
    has no files any more is left out.
    """
    pile: list[int] = []
    steps = Promotion.objects.order_by("pk").values_list("version_id", "is_rollback")
    for version_id, is_rollback in steps:
        if is_rollback:
            pile = pile[: pile.index(version_id) + 1] if version_id in pile else [version_id]
        elif version_id not in pile[-1:]:
            pile.append(version_id)
    ground = ModelVersion.objects.bootstrap()
    versions = ModelVersion.objects.in_bulk(set(pile)) | {ground.pk: ground}
    nearest_first = dict.fromkeys([*reversed(pile), ground.pk])
    return [versions[pk] for pk in nearest_first if not versions[pk].is_pruned]


def stand_in() -> ModelVersion | None:
    """Return the version that serves in place of a damaged live one; None where none is needed.

    Goes by what serving processes have written down and looks at no file.
    """
    live, *earlier = standing_versions()
    if live.state != VersionState.DAMAGED:
        return None
    return next(version for version in earlier if version.state != VersionState.DAMAGED)


def check_version(version: ModelVersion) -> Head | None:
    """Return the head of a version (None for version 0) after every check without its network.

    The files are those published, the head gives the golden outputs, and its backbone stands
    prepared with the dimension that the head reads. Needs neither ONNX Runtime nor TensorFlow, so
    that a page may ask. Raises DamagedVersion with the reason.
    """
    if version.is_bootstrap:
        _check_backbone(version.serving_backbone, None)
        return None
    if version.pruned_at is not None:
        raise DamagedVersion(
            f"Its files were removed on {version.pruned_at:%Y-%m-%d} to save space; only its "
            "figures are kept."
        )
    files = read_verified(version.directory, version.sha256, (HEAD, GOLDEN))
    try:
        head = Head.from_bytes(files[HEAD])
        difference = GoldenOutputs.from_bytes(files[GOLDEN]).largest_difference(head)
    except BrokenHead as error:
        raise DamagedVersion(str(error)) from error
    limit = current_policy().golden_tolerance
    if not difference <= limit:
        raise DamagedVersion(f"Its scores are {difference:.2g} off the recorded ones ({limit}).")
    _check_backbone(version.serving_backbone, head)
    return head


def load_version(version: ModelVersion) -> LoadedVersion:
    """Return the checked version with its backbone open, which has reproduced its own outputs.

    Version 0 raises what `open_backbone` raises. For all others a backbone that cannot be
    opened is a reason for DamagedVersion, like a changed file.
    """
    if version.is_bootstrap:
        return LoadedVersion(version, None, open_backbone(version.serving_backbone))
    from tagging.backbones.cards import UnknownBackbone
    from tagging.engine import BackboneUnavailable, EngineMismatch

    try:
        engine = open_backbone(version.serving_backbone)
    except (UnknownBackbone, BackboneUnavailable, EngineMismatch) as error:
        raise DamagedVersion(f"Its backbone cannot be opened: {error}") from error
    return LoadedVersion(version, check_version(version), engine)


def serving_version(held: LoadedVersion | None = None) -> LoadedVersion:
    """Return the live version, or the nearest earlier one whose files are as published.

    A damaged version is marked so with the reason, for the admin to show, and is passed over.
    `held` is what this process serves now: a good copy in memory needs no second look at the
    disk. Raises what `open_backbone` raises when not even version 0 can be served.
    """
    for version in standing_versions():
        if held is not None and held.version.pk == version.pk:
            return held
        try:
            loaded = load_version(version)
        except DamagedVersion as error:
            mark_damaged(version, str(error))
        else:
            mark_sound(version)
            return loaded
    raise AssertionError("Version 0 has no files that could be damaged.")


def mark_damaged(version: ModelVersion, problem: str) -> None:
    """Write down why a version cannot be loaded; saying the same again writes nothing."""
    if (version.state, version.problem) != (VersionState.DAMAGED, problem):
        logger.error("Version %s is refused: %s", version.number, problem)
        version.state, version.problem = VersionState.DAMAGED, problem
        version.save(update_fields=["state", "problem"])


def mark_sound(version: ModelVersion) -> None:
    """Take the mark away from a once live version whose files are whole again."""
    if version.state == VersionState.DAMAGED:
        version.state, version.problem = VersionState.PROMOTED, ""
        version.save(update_fields=["state", "problem"])


_engines: dict[tuple[int, str, str, str], Engine] = {}


def open_backbone(key: str) -> Engine:
    """Return this process's engine for a backbone, opened when first asked for.

    A forked child does not use its parent's: a network that ran before a fork hangs after it.
    Raises UnknownBackbone, BackboneUnavailable or EngineMismatch.
    """
    from tagging.engine import open_engine

    store = settings.EYES_MODELS_STORE
    name = (os.getpid(), key, str(store), settings.EYES_ENGINE)
    engine = _engines.pop(name, None)
    if engine is None:
        network_changed.send(sender=LoadedVersion, state=NetworkState.LOADING, backbone=key)
        try:
            engine = open_engine(key, store, cast("EngineChoice", settings.EYES_ENGINE))
        except Exception:
            state = NetworkState.READY if _engines else NetworkState.UNLOADED
            network_changed.send(sender=LoadedVersion, state=state, backbone=key)
            raise
        network_changed.send(sender=LoadedVersion, state=NetworkState.READY, backbone=key)
    _engines[name] = engine
    while len(_engines) > KEPT_ENGINES:
        del _engines[next(iter(_engines))]
    return engine


def close_backbones() -> bool:
    """Let go of every engine of which that gives memory back; return whether there was one.

    TensorFlow keeps what it once took until its process ends, so that a Keras engine stays.
    """
    idle = [name for name, engine in _engines.items() if engine.name != KERAS]
    for name in idle:
        key = _engines.pop(name).card.key
    if idle:
        state = NetworkState.READY if _engines else NetworkState.UNLOADED
        network_changed.send(sender=LoadedVersion, state=state, backbone=key)
    return bool(idle)


def _first_day_engine(besides: str) -> Engine | None:
    """Return the engine of `EYES_BACKBONE` if it has first-day words and is not `besides`.

    One that cannot be opened costs its words and nothing else: what was taught here goes on.
    """
    from tagging.engine import BackboneUnavailable, EngineMismatch

    key = str(settings.EYES_BACKBONE)
    if key == besides:
        return None
    try:
        engine = open_backbone(key)
    except (BackboneUnavailable, EngineMismatch) as error:
        logger.warning("The first day's words are not said: %s", error)
        return None
    return engine if engine.imagenet_head() is not None else None


def _check_backbone(key: str, head: Head | None) -> None:
    """Raise DamagedVersion unless the backbone is prepared here and fits the head."""
    from tagging.backbones.cards import UnknownBackbone, get_card
    from tagging.backbones.prepare import prepared_folder
    from tagging.backbones.prepared import DamagedBackbone, read_prepared

    try:
        dimension = get_card(key).dimension
        read_prepared(prepared_folder(key, settings.EYES_MODELS_STORE))
    except UnknownBackbone as error:
        raise DamagedVersion(str(error)) from error
    except DamagedBackbone as error:
        raise DamagedVersion(
            f"Its backbone {key} is not prepared here; `manage.py fetch_backbone {key}` does it. "
            f"({error})"
        ) from error
    if head is not None and head.dimension != dimension:
        raise DamagedVersion(f"Its head reads {head.dimension} numbers, {key} gives {dimension}.")
