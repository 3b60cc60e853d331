"""Bring a folder of photos in: stored, tagged and embedded batch by batch, without a worker."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from django.conf import settings

from gallery.imaging.errors import UnreadablePhoto
from gallery.imaging.reading import read_bytes
from gallery.models import Image, User
from gallery.services.images import Developed, develop_image, store_image
from tagging.folder_tree import FolderTree, FoundFile, Skipped
from tagging.models import ImageTag, Tag, TagState
from tagging.names import TagNameError, normalise_tag_name
from tagging.services.curation import curate_import
from tagging.services.embeddings import embed_images
from tagging.services.suggestions import suggest_tags
from tagging.words import current_aliases

# Enough to fill the network's batches; a killed run loses the work of one batch at most.
BATCH_FILES = 64
BATCH_BYTES = 64_000_000
# A world is named after its folder; longer paths keep their end and stay distinct by a hash.
LONGEST_WORLD_NAME = 255
CURATED = TagState.CURATED

States: TypeAlias = defaultdict[int, dict[str, str]]
"""By photo: the state of each tag."""


@dataclass(frozen=True)
class ImportOptions:
    """How the photos of one import come in; see the command of the same name."""

    owner: User
    visibility: str
    teaches: bool
    tags_from_folders: bool
    curated: bool


@dataclass
class ImportReport:
    """What became of every file: new, there before, or skipped with a reason."""

    imported: int = 0
    already: int = 0
    skipped: list[Skipped] = field(default_factory=list)


@dataclass(frozen=True)
class Candidate:
    """A file that was read; `tag` is the normalised name of its own folder, or empty."""

    file: FoundFile
    tag: str
    data: bytes
    sha256: str


@dataclass(frozen=True)
class Arrival:
    """A candidate that is a photo here, now or since an earlier run."""

    candidate: Candidate
    image_id: int


def import_tree(
    tree: FolderTree, *, root: Path, options: ImportOptions, advance: Callable[[int], object]
) -> ImportReport:
    """Import every file of the tree and return what became of each.

    Batch by batch: read, decode in threads, store, tag, embed, suggest. Each step looks first
    at what is there, so a run that was killed is finished by calling this again, and a second
    run changes nothing. `advance` is told how many files are done. Raises OSError where the
    photos' own disk fails; a file that fails is skipped.
    """
    return FolderImport(root, options, list(tree.skipped), advance).run(tree.files)


def world_name(root: Path, owner: User) -> str:
    """Return the name of the closed world of this folder and owner: the same on every run."""
    name = f"{owner.username}: {os.fsencode(root.resolve()).decode(errors='replace')}"
    if len(name) <= LONGEST_WORLD_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    return f"{digest} …{name[-(LONGEST_WORLD_NAME - 18) :]}"


def batches(files: Iterable[FoundFile]) -> Iterator[list[FoundFile]]:
    """Yield the files in order, bounded in number and in bytes that lie in memory at once."""
    batch: list[FoundFile] = []
    weight = 0
    for file in files:
        if batch and (len(batch) == BATCH_FILES or weight + file.byte_size > BATCH_BYTES):
            yield batch
            batch, weight = [], 0
        batch.append(file)
        weight += file.byte_size
    if batch:
        yield batch


class FolderImport:
    """One run over one folder."""

    def __init__(
        self,
        root: Path,
        options: ImportOptions,
        skipped: list[Skipped],
        advance: Callable[[int], object],
    ) -> None:
        self.options = options
        self.report = ImportReport(skipped=skipped)
        self.advance = advance
        self.world = world_name(root, options.owner)
        self.aliases = current_aliases()
        self.blocked = set(Tag.objects.filter(is_blocked=True).values_list("name", flat=True))
        self.tags: dict[Path, str | TagNameError] = {}
        # What this run said first of each photo: its tag, and the file that said it.
        self.said: dict[int, tuple[str, Path]] = {}

    def run(self, files: Sequence[FoundFile]) -> ImportReport:
        """Take every file in and return the report."""
        with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as threads:
            for batch in batches(files):
                self._take(batch, threads)
                self.advance(len(batch))
        return self.report

    def _take(self, batch: list[FoundFile], threads: ThreadPoolExecutor) -> None:
        """Bring one batch all the way in: afterwards its photos are tagged and embedded."""
        candidates = [read for file in batch if (read := self._read(file)) is not None]
        arrivals = self._store(candidates, threads)
        if self.options.tags_from_folders:
            self._tag(arrivals)
        image_ids = sorted({arrival.image_id for arrival in arrivals})
        embed_images(image_ids=image_ids)
        suggest_tags(image_ids=image_ids)

    def _skip(self, file: FoundFile, reason: str) -> None:
        self.report.skipped.append(Skipped(str(file.path), reason))

    def _read(self, file: FoundFile) -> Candidate | None:
        """Return the file's bytes, hash and tag, or None after listing why it stays out."""
        try:
            tag = self._own_tag(file) if self.options.tags_from_folders else ""
            data = read_bytes(file.path, settings.EYES_MAX_UPLOAD_BYTES)
        except TagNameError as problem:
            self._skip(file, f"The name of its folder cannot be a tag. {problem}")
        except UnreadablePhoto as problem:
            self._skip(file, str(problem))
        else:
            return Candidate(file, tag, data, hashlib.sha256(data).hexdigest())
        return None

    def _own_tag(self, file: FoundFile) -> str:
        """Return the tag that the file's own folder means; raise TagNameError if it cannot."""
        folder = file.path.parent
        if folder not in self.tags:
            try:
                name = normalise_tag_name(file.folder_name)
                tag = self.aliases.get(name, name)
                if tag in self.blocked:
                    raise TagNameError(f"The tag “{tag}” is blocked here.")
                self.tags[folder] = tag
            except TagNameError as problem:
                self.tags[folder] = problem
        found = self.tags[folder]
        if isinstance(found, TagNameError):
            raise found
        return found

    def _store(self, candidates: list[Candidate], threads: ThreadPoolExecutor) -> list[Arrival]:
        """Store the photos that are new, each set of bytes once; return all that are here."""
        known = dict(
            Image.objects.filter(
                owner=self.options.owner, sha256__in={found.sha256 for found in candidates}
            ).values_list("sha256", "pk")
        )
        states = self._states_in_world(known.values())
        new = {found.sha256: found for found in candidates if found.sha256 not in known}
        developed = dict(zip(new, threads.map(_develop, new.values()), strict=True))
        arrivals = []
        for found in candidates:
            outcome = developed.get(found.sha256)
            if isinstance(outcome, UnreadablePhoto):
                self._skip(found.file, str(outcome))
            elif found.sha256 not in known:
                known[found.sha256] = self._store_new(found, outcome)
                arrivals.append(Arrival(found, known[found.sha256]))
            elif problem := self._contradiction(found, known[found.sha256], states):
                self._skip(found.file, problem)
            else:
                self.report.already += 1
                arrivals.append(Arrival(found, known[found.sha256]))
        return arrivals

    def _store_new(self, found: Candidate, developed: Developed | None) -> int:
        """Store one photo without announcing it: this import does the worker's work itself."""
        stored = store_image(
            owner=self.options.owner,
            data=found.data,
            name=found.file.path.name,
            visibility=self.options.visibility,
            teaches=self.options.teaches,
            announce=False,
            developed=developed,
        )
        self.report.imported += stored.is_new
        self.report.already += not stored.is_new
        self.said[stored.image.pk] = (found.tag, found.file.path)
        return stored.image.pk

    def _states_in_world(self, image_ids: Iterable[int]) -> States:
        """Return what earlier runs made of these photos: a state per tag of this import's world."""
        states: States = defaultdict(dict)
        if self.options.curated:
            rows = ImageTag.objects.filter(
                image_id__in=list(image_ids), tag__closed_worlds__name=self.world
            )
            for image_id, tag, state in rows.values_list("image_id", "tag__name", "state"):
                states[image_id][tag] = state
        return states

    def _contradiction(self, found: Candidate, image_id: int, states: States) -> str:
        """Return why this folder cannot name a photo that is here already, or an empty text.

        In a closed world a photo has one tag, so the same bytes in a second folder would be
        present and absent at once. Without one, a photo may be found in several folders.
        """
        if not self.options.curated:
            return ""
        tag, file = self.said.get(image_id, ("", None))
        if not tag and found.tag not in states[image_id]:
            curated = (name for name, state in states[image_id].items() if state == CURATED)
            tag = min(curated, default="")
        if not tag or tag == found.tag:
            self.said.setdefault(image_id, (found.tag, found.file.path))
            return ""
        where = f"The same photo lies at {file}" if file else "The same photo came in before"
        return f"{where} and is sorted as “{tag}”, so it cannot be sorted as “{found.tag}” too."

    def _tag(self, arrivals: list[Arrival]) -> None:
        """Put each photo's folder name on it, and with `curated` join the closed world."""
        curate_import(
            world_name=self.world,
            pairs=[(arrival.image_id, arrival.candidate.tag) for arrival in arrivals],
            actor=self.options.owner,
            curated=self.options.curated,
        )


def _develop(found: Candidate) -> Developed | UnreadablePhoto:
    """Return the decoded photo, or the reason why it is none: an answer, so that others go on."""
    try:
        return develop_image(found.data)
    except UnreadablePhoto as problem:
        return problem
