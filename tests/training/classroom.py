"""Curated photos without files: rows with made-up vectors in which every tag has its place."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import connection
from numpy.typing import NDArray

from gallery.models import Image, User
from tagging.models import Content, Embedding, TwinGroup
from tagging.services.curation import curate_import
from training.learning.examples import Examples

DIMENSION = 1792
BACKBONE = "efficientnet_lite0"


def vector_for(tag: str, number: int, noise: float = 1.0) -> NDArray[np.float16]:
    """Return the same vector for the same tag and number: the tag's place, and some noise."""
    seed = int(hashlib.sha256(tag.encode()).hexdigest()[:8], 16)
    place = np.random.default_rng(seed).normal(size=DIMENSION)
    wobble = np.random.default_rng([seed, number]).normal(size=DIMENSION)
    return (place + noise * wobble).astype(np.float16)


def hash_of(name: str) -> str:
    """Return the SHA-256 of the bytes that the photo of this name would have."""
    return hashlib.sha256(name.encode()).hexdigest()


def add_photo(
    owner: User, name: str, vector: NDArray[np.float16] | None = None, **fields: object
) -> Image:
    """Return a photo whose bytes would have the hash of this name, embedded if a vector comes."""
    sha256 = hash_of(name)
    values: dict[str, object] = {
        "sha256": sha256,
        "dhash": sha256,
        "file_format": "jpeg",
        "width": 96,
        "height": 64,
        "byte_size": 1000,
    }
    image = Image.objects.create(owner=owner, **{**values, **fields})
    if vector is not None and not Content.objects.filter(sha256=image.sha256).exists():
        group = TwinGroup.objects.create()
        content = Content.objects.create(sha256=image.sha256, dhash=sha256, group=group)
        Embedding.objects.create(
            content=content, backbone=BACKBONE, vector=vector.astype("<f2").tobytes()
        )
    return image


def teach_world(
    owner: User,
    tags: Sequence[str],
    each: int = 24,
    *,
    first: int = 0,
    world: str = "world",
    noise: float = 1.0,
) -> dict[str, list[Image]]:
    """Import a curated folder per tag, as `import_folder --curated` would; return the photos."""
    photos = {
        tag: [
            add_photo(owner, f"{tag} {number}", vector_for(tag, number, noise))
            for number in range(first, first + each)
        ]
        for tag in tags
    }
    pairs = [(image.pk, tag) for tag, images in photos.items() for image in images]
    curate_import(world_name=world, pairs=pairs, actor=owner, curated=True)
    return photos


def made_up_examples(
    tags: Sequence[str], each: int, *, noise: float = 1.0
) -> tuple[Examples, NDArray[np.float16]]:
    """Return a closed world of these tags and its vectors, without any database."""
    rows = sorted(
        (hashlib.sha256(f"{tag} {number}".encode()).hexdigest(), tag, number)
        for tag in tags
        for number in range(each)
    )
    sides = ["train"] * 7 + ["validation"] * 2 + ["test"] * 2
    photos = tuple(sha256 for sha256, _, _ in rows)
    answers = np.array(
        [[1 if tag == own else -1 for tag in tags] for _, own, _ in rows], dtype=np.int8
    )
    examples = Examples(
        photos=photos,
        tags=tuple(tags),
        answers=answers,
        sides=tuple(sides[number % len(sides)] for _, _, number in rows),
        groups=photos,
        contests=(tuple(range(len(tags))),) * len(photos),
    )
    return examples, np.stack([vector_for(tag, number, noise) for _, tag, number in rows])


def database_url() -> str:
    """Return the address of this test's database, for processes that the test starts."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    host, port = told["HOST"] or "localhost", told["PORT"] or 5432
    return f"postgres://{told['USER']}:{told['PASSWORD']}@{host}:{port}/{told['NAME']}"


def environment(**more: str) -> dict[str, str]:
    """Return what a process needs to work on this test's database and folders."""
    return {
        **os.environ,
        "DATABASE_URL": database_url(),
        "EYES_MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "EYES_MODELS_STORE": str(settings.EYES_MODELS_STORE),
        "EYES_STATE_DIR": str(Path(settings.EYES_VECTORS).parent),
        # Jobs are signed with it, and a folder of its own would bring a key of its own.
        "EYES_SECRET_KEY": settings.SECRET_KEY,
        **more,
    }


def manage(*arguments: str, **more: str) -> subprocess.Popen[str]:
    """Start `manage.py` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), *arguments],
        cwd=settings.BASE_DIR,
        env=environment(**more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
