"""What the choices behind the head are worth on photos that took no part in learning.

FOLDER holds a folder of photos per tag. In each round 300 photos of every tag (or four in ten,
where that is less) teach and the rest judge. Compared are parts of the embedding, the fit of eyes
against AdamW with the same early stopping, and how the head tells photos that are unlike anything
it has learnt: each tag is held out in turn, and photos of OTHER subjects where they are given.
Of each comes the share of photos that it speaks of and the area under the ROC curve (AUROC), which
asks how well nearness alone tells them apart, whatever the floor. Run with

    python -m benchmarks.head_quality FOLDER [--backbone KEY] [--store FOLDER] [--others FOLDER]

With --cut LAYER[,LAYER] the averages of further maps of a backbone of keras.applications are
judged instead, alone and joined with its embedding: the last features of a network that learnt with
smoothed labels, as Inception v3 did, may serve other subjects worse (Kornblith et al. 2019).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.setting import fresh_installation
from tagging.backbones.cards import CARDS, BackboneCard

ROUNDS, TAUGHT = 8, 300
LITE0_PARTS = {"averages, 1280": (0, 1280), "with two stages, 1792": (0, 1792)}
BATCH = 8

Floats = NDArray[np.float32]
Labels = NDArray[np.intp]
Score = Callable[[Floats], Floats]
Fit = Callable[[Floats, Labels, Floats, Labels], Score]


def main() -> None:
    """Print mean, least and spread of top-1 accuracy per choice, and how silent the head is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backbone", default="efficientnet_lite0", choices=sorted(CARDS))
    parser.add_argument("--store", type=Path, help="a models store that holds the backbone")
    parser.add_argument("--others", type=Path)
    parser.add_argument("--cut", metavar="LAYER[,LAYER]", help="judge the averages of these maps")
    wishes = parser.parse_args()
    with fresh_installation() as folder:
        store = wishes.store or folder / "models_store"
        photos = sorted(path for path in wishes.folder.rglob("*") if path.is_file())
        names = sorted({path.parent.name for path in photos})
        labels = np.array([names.index(path.parent.name) for path in photos])
        if wishes.cut:
            judge_cuts(photos, labels, wishes.backbone, tuple(wishes.cut.split(",")), store)
            return
        vectors = embed(photos, wishes.backbone, store)
        others = sorted(p for p in wishes.others.rglob("*") if p.is_file()) if wishes.others else []
        strange = embed(others, wishes.backbone, store) if others else None
    print(f"{wishes.backbone}, {len(photos)} photos of {len(names)} tags, {ROUNDS} rounds")
    for name, (start, end) in parts_of(CARDS[wishes.backbone]).items():
        part = vectors[:, start:end]
        tell(f"{name}, fit of eyes", accuracies(part, labels, fit_of_eyes))
        tell(f"{name}, AdamW", accuracies(part, labels, fit_with_adamw))
    tell_held_out(vectors, labels, names, wishes.backbone)
    if strange is not None:
        tell_silence(vectors, labels, strange, wishes.backbone)


def parts_of(card: BackboneCard) -> dict[str, tuple[int, int]]:
    """Return the parts of the embedding with their places, and all of it where they are several."""
    if card.application is None:
        return LITE0_PARTS
    from tagging.backbones.keras_applications import part_widths

    places, start = {}, 0
    for name, width in part_widths(card):
        places[f"{name}, {width}"] = (start, start + width)
        start += width
    return places | ({f"all, {start}": (0, start)} if len(places) > 1 else {})


def judge_cuts(
    photos: list[Path], labels: Labels, backbone: str, cuts: tuple[str, ...], store: Path
) -> None:
    """Print what the averages of other maps are worth, alone and beside the embedding."""
    from tagging.backbones.keras_applications import with_cuts
    from tagging.backbones.networks import compile_embedder, load_network
    from tagging.services.embeddings import decode_for

    card = with_cuts(CARDS[backbone], cuts)
    network, _ = load_network(card, store)
    embedder = compile_embedder(network)
    rows = []
    for start in range(0, len(photos), BATCH):
        images = [decode_for(card, photo) for photo in photos[start : start + BATCH]]
        rows.append(embedder(np.stack(images)))
    vectors = np.concatenate(rows).astype(np.float16)
    own = CARDS[backbone].dimension
    places = {name: place for name, place in parts_of(card).items() if place[1] > own}
    print(f"{backbone}, {len(photos)} photos of {labels.max() + 1} tags, {ROUNDS} rounds")
    for name, (start, end) in ({f"the embedding, {own}": (0, own)} | places).items():
        tell(name, accuracies(vectors[:, start:end], labels, fit_of_eyes))


def embed(photos: list[Path], backbone: str, store: Path) -> NDArray[np.float16]:
    """Return float16 [n, d], as the database would hold them."""
    from tagging.backbones.cards import get_card
    from tagging.engine import open_engine
    from tagging.services.embeddings import decode_for

    engine = open_engine(backbone, store)
    card = get_card(backbone)
    rows = [engine.embed(decode_for(card, photo)[None]) for photo in photos]
    return np.concatenate(rows).astype(np.float16)


def split(labels: Labels, seed: int) -> tuple[Labels, Labels, Labels]:
    """Return rows that teach, that stop the learning (15 in 85 of the taught), and that judge."""
    random = np.random.default_rng(seed)
    taught, judged = [], []
    for tag in range(int(labels.max()) + 1):
        rows = random.permutation(np.flatnonzero(labels == tag))
        count = min(TAUGHT, int(0.4 * len(rows)))
        taught.append(rows[:count])
        judged.append(rows[count:])
    mixed = random.permutation(np.concatenate(taught))
    stops = int(0.15 * len(mixed))
    return mixed[stops:], mixed[:stops], np.concatenate(judged)


def accuracies(vectors: NDArray[np.float16], labels: Labels, fit: Fit) -> list[float]:
    """Return top-1 on the judging photos of each round."""
    from training.learning.features import standardisation, standardise

    found = []
    for seed in range(ROUNDS):
        learns, stops, judges = split(labels, seed)
        mean, scale = standardisation(vectors[learns])
        features = standardise(vectors, mean, scale)
        score = fit(features[learns], labels[learns], features[stops], labels[stops])
        guess = score(features[judges]).argmax(axis=1)
        found.append(float((guess == labels[judges]).mean()))
    return found


def fit_of_eyes(features: Floats, labels: Labels, stop: Floats, stop_labels: Labels) -> Score:
    """Return the logits of the head that `manage.py retrain` would fit."""
    from training.learning import head as fitting

    tags = int(labels.max()) + 1

    def task(some: Floats, truth: Labels) -> fitting.Task:
        targets = np.eye(tags, dtype=np.float32)[truth]
        return fitting.Task(some, targets, np.ones_like(targets))

    settings = fitting.FitSettings()
    fitted = fitting.fit_until_best(task(features, labels), task(stop, stop_labels), settings)
    return fitted.logits


def fit_with_adamw(features: Floats, labels: Labels, stop: Floats, stop_labels: Labels) -> Score:
    """Return the logits of the same layer under AdamW, stopped by the same photos."""
    import keras

    keras.utils.set_random_seed(1)
    tags = int(labels.max()) + 1
    layer = keras.Sequential([keras.layers.Dense(tags, kernel_initializer="zeros")])
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    layer.compile(keras.optimizers.AdamW(2e-3, weight_decay=0.05), loss)
    patience = keras.callbacks.EarlyStopping(patience=30, restore_best_weights=True)
    layer.fit(
        features,
        np.eye(tags, dtype=np.float32)[labels],
        validation_data=(stop, np.eye(tags, dtype=np.float32)[stop_labels]),
        epochs=240,
        batch_size=512,
        callbacks=[patience],
        verbose=0,
    )
    return lambda some: np.asarray(layer(some), dtype=np.float32)


def tell(name: str, found: list[float]) -> None:
    """Print one line of accuracies."""
    print(f"{name:44}{np.mean(found):7.2%}  least {min(found):.2%}  spread {np.std(found):.2%}")


@dataclass(frozen=True)
class Familiarity:
    """Shares of photos that the head speaks of, kept ones and others, and how well it tells them
    apart; one number per round."""

    kept: list[float]
    spoken: list[float]
    auroc: list[float]

    def tell(self, name: str) -> None:
        """Print the means as one line."""
        print(
            f"{name:44}speaks of {np.mean(self.kept):.1%} of its own and of "
            f"{np.mean(self.spoken):.1%} of these; AUROC {np.mean(self.auroc):.4f} "
            f"(least {min(self.auroc):.4f})"
        )


def tell_held_out(
    vectors: NDArray[np.float16], labels: Labels, names: list[str], backbone: str
) -> None:
    """Print for each tag how a head taught all others takes its photos."""
    for tag, name in enumerate(names):
        taught = labels != tag
        _, numbers = np.unique(labels[taught], return_inverse=True)
        found = judge_familiarity(vectors[taught], numbers, vectors[~taught], backbone)
        found.tell(f"never taught {name}")


def tell_silence(
    vectors: NDArray[np.float16], labels: Labels, strange: NDArray[np.float16], backbone: str
) -> None:
    """Print of how many unseen photos of the tags, and of others, the head would speak."""
    found = judge_familiarity(vectors, labels, strange, backbone)
    found.tell(f"{len(strange)} photos of other subjects")


def judge_familiarity(
    vectors: NDArray[np.float16], labels: Labels, strange: NDArray[np.float16], backbone: str
) -> Familiarity:
    """Return how the distance rule takes unseen photos of the tags, and strange ones."""
    from sklearn.metrics import roc_auc_score

    from tagging.backbones.cards import get_card
    from tagging.familiarity import unit_vectors
    from tagging.presets import current_policy
    from training.learning.familiarity import learn_familiarity
    from training.learning.lesson import familiarity_rules

    found = Familiarity([], [], [])
    compared = get_card(backbone).top_features
    for seed in range(ROUNDS):
        learns, stops, judges = split(labels, seed)
        taught = np.concatenate([learns, stops])
        rule = learn_familiarity(
            vectors[taught],
            [str(row) for row in taught],
            compared,
            familiarity_rules(current_policy()),
        )
        near, far = (
            (unit_vectors(some, compared) @ rule.anchors.T).max(axis=1)
            for some in (vectors[judges], strange)
        )
        found.kept.append(float((near >= rule.floor).mean()))
        found.spoken.append(float((far >= rule.floor).mean()))
        is_own = np.repeat([True, False], [len(near), len(far)])
        found.auroc.append(float(roc_auc_score(is_own, np.concatenate([near, far]))))
    return found


if __name__ == "__main__":
    main()
