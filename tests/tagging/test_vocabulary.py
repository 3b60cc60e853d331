"""The bootstrap vocabulary: the table itself, class by class where it is awkward, and its rules."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import tagging.vocabulary
from tagging.vocabulary import (
    BrokenVocabulary,
    Vocabulary,
    class_probabilities,
    load_vocabulary,
    read_vocabulary,
)
from tagging.vocabulary.table import Floats

# (synset, what ImageNet means by it, the tag a person would type)
AWKWARD_CLASSES = [
    # One word, two things.
    ("n02012849", "crane, the bird", "bird"),
    ("n03126707", "crane, the machine", "construction crane"),
    ("n01608432", "kite, the bird of prey", "bird of prey"),
    ("n01847000", "drake, a male duck", "duck"),
    ("n03825788", "nipple of a baby's bottle", "baby bottle"),
    ("n02963159", "cardigan, the knitted jacket", "sweater"),
    ("n02113186", "Cardigan, the Welsh corgi", "corgi"),
    ("n02113023", "Pembroke, the other corgi", "corgi"),
    ("n02108089", "boxer, the dog", "dog"),
    ("n01580077", "jay, the bird", "bird"),
    ("n01514668", "cock, a male chicken", "rooster"),
    ("n01514859", "hen", "chicken"),
    ("n02229544", "cricket, the insect", "grasshopper"),
    ("n02190166", "fly, the insect", "fly"),
    ("n03793489", "mouse of a computer", "computer mouse"),
    ("n03250847", "drumstick, of a drummer", "drum"),
    ("n02879718", "bow, for arrows", "archery"),
    ("n04153751", "screw, the fastener", "screw"),
    ("n04152593", "screen of a computer", "computer"),
    ("n03642806", "laptop", "laptop"),
    ("n03832673", "notebook, a laptop", "laptop"),
    ("n06359193", "web site", "screenshot"),
    ("n03110669", "cornet, the horn", "trumpet"),
    ("n02804610", "bassoon", "musical instrument"),
    ("n03838899", "oboe", "musical instrument"),
    ("n03447721", "gong", "musical instrument"),
    ("n03954731", "plane, of a carpenter", "tool"),
    ("n02892201", "brass, a memorial tablet", "sign"),
    ("n03976467", "Polaroid camera", "camera"),
    ("n03657121", "lens cap", "camera"),
    ("n03950228", "pitcher, a jug", "jug"),
    ("n03637318", "lampshade", "lamp"),
    ("n04286575", "spotlight", "lamp"),
    ("n03791053", "motor scooter", "scooter"),
    ("n03785016", "moped", "motorcycle"),
    ("n02704792", "amphibian, a vehicle", "military vehicle"),
    ("n04118776", "rule, for measuring", "ruler"),
    ("n04238763", "slide rule", "ruler"),
    ("n03908618", "pencil box", "stationery"),
    ("n04254120", "soap dispenser", "soap dispenser"),
    ("n04522168", "vase", "vase"),
    ("n04523525", "vault, an arched ceiling", "building"),
    ("n03991062", "pot, for flowers", "potted plant"),
    ("n03944341", "pinwheel", "toy"),
    ("n03942813", "ping-pong ball", "ping pong"),
    ("n04019541", "puck", "ice hockey"),
    ("n04204347", "shopping cart", "shopping cart"),
    ("n03874293", "paddlewheel of a steamer", "boat"),
    ("n03947888", "pirate, a ship", "ship"),
    ("n02699494", "altar, of any faith", "altar"),
    ("n04592741", "wing of an aeroplane", "airplane"),
    ("n03459775", "grille, the front of a car", "car"),
    ("n03930630", "pickup", "truck"),
    # Twins in ImageNet that no person tells apart.
    ("n03710637", "maillot", "swimsuit"),
    ("n03710721", "maillot, tank suit", "swimsuit"),
    ("n02837789", "bikini", "swimsuit"),
    ("n02807133", "bathing cap", "hat"),
    ("n04355933", "sunglass", "sunglasses"),
    ("n04356056", "sunglasses", "sunglasses"),
    ("n03773504", "missile", "rocket"),
    ("n04008634", "projectile", "rocket"),
    ("n01871265", "tusker", "elephant"),
    ("n02504013", "Indian elephant", "elephant"),
    ("n02077923", "sea lion, also for every seal", "seal"),
    ("n02403003", "ox, also for every cow", "cow"),
    ("n02389026", "sorrel, a horse's colour", "horse"),
    ("n01682714", "American chameleon, which is none", "lizard"),
    ("n01694178", "African chameleon", "chameleon"),
    ("n02089078", "black-and-tan coonhound", "dog"),
    ("n02099601", "golden retriever", "golden retriever"),
    ("n02112137", "chow", "dog"),
    ("n02110185", "Siberian husky", "husky"),
    ("n02109961", "Eskimo dog", "husky"),
    ("n02115641", "dingo", "dog"),
    ("n02123159", "tiger cat", "cat"),
    ("n02129604", "tiger", "tiger"),
    ("n02497673", "Madagascar cat, a lemur", "lemur"),
    ("n02509815", "lesser panda", "red panda"),
    ("n02607072", "anemone fish", "clownfish"),
    ("n01496331", "electric ray", "ray"),
    ("n02219486", "ant", "ant"),
    ("n02231487", "walking stick, the insect", "insect"),
    ("n01770081", "harvestman, long legs", "spider"),
    # Food and plants.
    ("n07579787", "plate, a meal", "food"),
    ("n07742313", "Granny Smith", "apple"),
    ("n12768682", "buckeye, a horse chestnut", "chestnut"),
    ("n13133613", "ear, of corn", "corn"),
    ("n12998815", "agaric", "mushroom"),
    ("n13044778", "earthstar", "mushroom"),
    ("n11879895", "rapeseed", "field"),
    ("n07615774", "ice lolly", "ice cream"),
    ("n07730033", "cardoon", "thistle"),
    # People are named by what they do in the photo, never by what they are.
    ("n10148035", "groom", "wedding"),
    ("n10565667", "scuba diver", "diving"),
    ("n09835506", "baseball player", "baseball"),
    ("n02669723", "academic gown", "graduation"),
    ("n03787032", "mortarboard", "graduation"),
    ("n04532670", "viaduct", "bridge"),
    ("n06596364", "comic book", "comic"),
    ("n09468604", "valley", "mountain"),
    ("n02860847", "bobsled", "sled"),
]

# Tags that end in s and are right so: one thing, or a name.
SINGULAR_IN_S = {
    "abacus", "binoculars", "bus", "christmas", "compass", "cosmetics", "dress", "electronics",
    "gymnastics", "hourglass", "jeans", "magnifying glass", "pajamas", "platypus",
    "praying mantis", "school bus", "stairs", "sunglasses", "tennis",
}  # fmt: skip


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    """The real table."""
    return load_vocabulary()


@pytest.fixture
def broken_copy(tmp_path: Path) -> Path:
    """A folder with a copy of the real files, to be spoilt by a test."""
    source = Path(tagging.vocabulary.__file__).parent
    for name in ("imagenet.csv", "tags.csv", "never_show.txt"):
        shutil.copy(source / name, tmp_path / name)
    return tmp_path


def scores_of(vocabulary: Vocabulary, **by_synset: float) -> Floats:
    """Return the rolled-up scores of one photo with these probabilities of classes."""
    probabilities = np.zeros((1, 1000), dtype=np.float32)
    for synset, probability in by_synset.items():
        probabilities[0, list(vocabulary.class_tags).index(synset)] = probability
    return vocabulary.roll_up(probabilities)[0]


def shown(vocabulary: Vocabulary, scores: Floats) -> list[str]:
    """Return the names of the shown tags, best first."""
    return [picked.tag for picked in vocabulary.pick(scores) if picked.shown]


# --- The table ----------------------------------------------------------------------------


def test_enough_classes_are_checked_by_name() -> None:
    assert len({synset for synset, _, _ in AWKWARD_CLASSES}) >= 60


@pytest.mark.parametrize(
    ("synset", "tag"), [(synset, tag) for synset, _, tag in AWKWARD_CLASSES],
    ids=[meaning for _, meaning, _ in AWKWARD_CLASSES],
)  # fmt: skip
def test_an_awkward_class_has_the_everyday_tag(
    vocabulary: Vocabulary, synset: str, tag: str
) -> None:
    assert vocabulary.class_tag(synset) == tag


def test_every_class_has_a_tag_in_the_order_of_the_network(vocabulary: Vocabulary) -> None:
    synsets = list(vocabulary.class_tags)
    assert len(synsets) == 1000
    assert synsets == sorted(synsets)
    assert (synsets[0], synsets[207], synsets[999]) == ("n01440764", "n02099601", "n15075141")


def test_there_are_a_few_hundred_different_tags(vocabulary: Vocabulary) -> None:
    assert 350 <= len(set(vocabulary.class_tags.values())) <= 550


def test_tags_are_sorted_singular_and_lower_case(vocabulary: Vocabulary) -> None:
    assert list(vocabulary.tags) == sorted(set(vocabulary.tags))
    for tag in vocabulary.tags:
        assert tag == tag.lower().strip()
    assert {tag for tag in vocabulary.tags if tag.endswith("s")} <= SINGULAR_IN_S


def test_a_breed_stands_below_dog_and_animal(vocabulary: Vocabulary) -> None:
    assert vocabulary.ancestors("golden retriever") == {"dog", "animal"}
    assert vocabulary.ancestors("animal") == frozenset()


def test_no_tag_stands_above_itself(vocabulary: Vocabulary) -> None:
    assert not [tag for tag in vocabulary.tags if tag in vocabulary.ancestors(tag)]


def test_mushrooms_are_not_called_food(vocabulary: Vocabulary) -> None:
    assert vocabulary.ancestors("mushroom") == frozenset()


def test_an_unknown_synset_or_tag_is_refused(vocabulary: Vocabulary) -> None:
    with pytest.raises(KeyError):
        vocabulary.class_tag("n00000000")
    with pytest.raises(KeyError):
        vocabulary.ancestors("no such tag")


def test_the_table_is_read_once(vocabulary: Vocabulary) -> None:
    assert load_vocabulary() is vocabulary


# --- Words that no machine shows ----------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["ape", "gorilla", "chimpanzee", "orangutan", "gibbon", "monkey", "gun", "prison", "bra",
     "wig", "abaya", "vestment", "bride", "groom", "hijab"],
)  # fmt: skip
def test_a_hurting_word_is_on_the_list(vocabulary: Vocabulary, word: str) -> None:
    assert word in vocabulary.never_show


def test_every_ape_and_monkey_class_has_a_tag_that_is_never_shown(vocabulary: Vocabulary) -> None:
    tags = list(vocabulary.class_tags.values())
    assert set(tags[365:383]) <= vocabulary.never_show


def test_no_certainty_shows_or_offers_a_hurting_word_or_what_stands_above_it(
    vocabulary: Vocabulary,
) -> None:
    for synset, tag in vocabulary.class_tags.items():
        if tag in vocabulary.never_show:
            assert vocabulary.pick(scores_of(vocabulary, **{synset: 1.0})) == []


def test_a_hurting_word_does_not_lift_what_stands_above_it(vocabulary: Vocabulary) -> None:
    scores = scores_of(vocabulary, n02480855=0.6, n02110341=0.4)
    by_tag = dict(zip(vocabulary.tags, scores, strict=True))
    assert by_tag["gorilla"] == pytest.approx(0.6)
    assert by_tag["animal"] == pytest.approx(0.4)
    assert by_tag["ape"] == 0


# --- Summing ------------------------------------------------------------------------------


def test_scores_are_summed_up_the_branch(vocabulary: Vocabulary) -> None:
    scores = scores_of(vocabulary, n02099601=0.5, n02112137=0.25, n02129604=0.125)
    by_tag = dict(zip(vocabulary.tags, scores, strict=True))
    assert by_tag["golden retriever"] == pytest.approx(0.5)
    assert by_tag["dog"] == pytest.approx(0.75)
    assert by_tag["big cat"] == pytest.approx(0.125)
    assert by_tag["animal"] == pytest.approx(0.875)
    assert by_tag["vehicle"] == 0


def test_a_class_counts_once_for_a_tag_that_two_paths_lead_to(broken_copy: Path) -> None:
    table = broken_copy / "imagenet.csv"
    table.write_text(
        table.read_text(encoding="utf-8").replace(
            "golden retriever,dog\n", "golden retriever,animal;dog\n"
        ),
        encoding="utf-8",
    )
    two_paths = read_vocabulary(broken_copy)
    scores = scores_of(two_paths, n02099601=0.5)
    assert scores[two_paths.tags.index("animal")] == pytest.approx(0.5)


def test_sums_are_float32_probabilities_for_every_photo(vocabulary: Vocabulary) -> None:
    probabilities = np.full((3, 1000), 0.001, dtype=np.float32)
    scores = vocabulary.roll_up(probabilities)
    assert scores.shape == (3, len(vocabulary.tags))
    assert scores.dtype == np.float32
    assert 0 <= scores.min() <= scores.max() <= 1
    assert vocabulary.roll_up(probabilities[:0]).shape == (0, len(vocabulary.tags))


def test_other_shapes_are_refused(vocabulary: Vocabulary) -> None:
    with pytest.raises(ValueError, match=r"\(n, 1000\)"):
        vocabulary.roll_up(np.zeros((2, 999), dtype=np.float32))
    with pytest.raises(ValueError, match="Expected shape"):
        vocabulary.pick(np.zeros(1000, dtype=np.float32))


def test_probabilities_are_the_softmax_of_the_head_on_the_first_numbers() -> None:
    kernel = np.array([[1, 0], [0, 1]], dtype=np.float32)
    bias = np.array([0, 1], dtype=np.float32)
    embeddings = np.array([[2, 1, 99], [900, 0, 99]], dtype=np.float16)
    probabilities = class_probabilities(embeddings.astype(np.float32), (kernel, bias))
    assert probabilities.tolist() == [[0.5, 0.5], [1.0, 0.0]]
    with pytest.raises(ValueError, match="reads 2 numbers"):
        class_probabilities(np.zeros((1, 1), dtype=np.float32), (kernel, bias))


# --- Picking ------------------------------------------------------------------------------


def test_the_most_specific_tag_is_shown_and_its_ancestors_are_implied(
    vocabulary: Vocabulary,
) -> None:
    picked = vocabulary.pick(scores_of(vocabulary, n02099601=0.9))
    assert [(one.tag, one.shown) for one in picked] == [("golden retriever", True)]
    assert picked[0].score == pytest.approx(0.9)


def test_two_objects_get_a_tag_each_with_the_surer_one_first(vocabulary: Vocabulary) -> None:
    scores = scores_of(vocabulary, n02112137=0.42, n04254680=0.5)
    assert shown(vocabulary, scores) == ["soccer", "dog"]


def test_dog_is_shown_where_the_breed_is_unsure(vocabulary: Vocabulary) -> None:
    picked = vocabulary.pick(scores_of(vocabulary, n02099601=0.38, n02112137=0.5))
    assert [(one.tag, one.shown) for one in picked] == [
        ("dog", True),
        ("golden retriever", False),
    ]


def test_a_kind_is_shown_alone_where_all_its_tags_are_unsure(vocabulary: Vocabulary) -> None:
    # Otter, beaver, badger and fox: nobody knows which, but it is an animal.
    scores = scores_of(vocabulary, n02444819=0.2, n02363005=0.2, n02447366=0.2, n02119022=0.2)
    assert shown(vocabulary, scores) == ["animal"]


def test_a_kind_below_its_higher_threshold_is_not_shown(vocabulary: Vocabulary) -> None:
    scores = scores_of(vocabulary, n02444819=0.2, n02363005=0.2, n02447366=0.2, n02119022=0.17)
    picked = vocabulary.pick(scores)
    assert shown(vocabulary, scores) == []
    assert {one.tag for one in picked} == {"otter", "beaver", "badger", "fox"}


def test_an_unsure_kind_is_offered_where_nothing_below_it_is(vocabulary: Vocabulary) -> None:
    small = dict.fromkeys(
        ["n02444819", "n02363005", "n02447366", "n02119022", "n02364673", "n02445715"], 0.09
    )
    picked = vocabulary.pick(scores_of(vocabulary, **small))
    assert [(one.tag, one.shown) for one in picked] == [("animal", False)]


def test_what_lies_between_the_thresholds_is_offered_and_not_shown(
    vocabulary: Vocabulary,
) -> None:
    scores = scores_of(vocabulary, n02444819=0.3, n04254680=0.2, n02948072=0.02)
    picked = vocabulary.pick(scores, show=0.4, suggest=0.1)
    assert [(one.tag, one.shown) for one in picked] == [("otter", False), ("soccer", False)]


def test_the_caller_can_choose_the_thresholds(vocabulary: Vocabulary) -> None:
    scores = scores_of(vocabulary, n02444819=0.3)
    assert [one.shown for one in vocabulary.pick(scores, show=0.2, suggest=0.1)] == [True]
    with pytest.raises(ValueError, match="must rise"):
        vocabulary.pick(scores, show=0.2, suggest=0.3)
    with pytest.raises(ValueError, match="must rise"):
        vocabulary.pick(scores, show=0.9, suggest=0.3, coarse_show=0.8)


def test_nothing_is_picked_from_noise(vocabulary: Vocabulary) -> None:
    noise = np.full((1, 1000), 0.001, dtype=np.float32)
    assert shown(vocabulary, vocabulary.roll_up(noise)[0]) == []


# --- A table that contradicts itself is refused -------------------------------------------


def spoil(path: Path, old: str, new: str) -> None:
    """Replace a text in a file once; it must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("imagenet.csv", "999,n15075141,toilet paper,\n", "", "999 classes"),
        ("imagenet.csv", "207,n02099601", "208,n02099601", "out of order"),
        ("imagenet.csv", "n02099601", "n02099429", "out of order"),
        ("imagenet.csv", "golden retriever,dog", "Golden Retriever,dog", "lower-case"),
        ("imagenet.csv", "golden retriever,dog", ",dog", "lower-case"),
        ("imagenet.csv", "golden retriever,dog", "golden retriever,hound", "unknown parent"),
        ("imagenet.csv", "golden retriever,dog", "golden retriever", "columns"),
        ("imagenet.csv", "160,n02088094,dog,animal", "160,n02088094,dog,", "other parents"),
        ("tags.csv", "animal,\n", "animal,golden retriever\n", "above itself"),
        ("tags.csv", "animal,\n", "animal,\ndog,\n", "elsewhere"),
        ("never_show.txt", "gorilla", "Gorilla", "lower-case"),
    ],
)
def test_a_spoilt_table_is_refused(
    broken_copy: Path, file: str, old: str, new: str, message: str
) -> None:
    spoil(broken_copy / file, old, new)
    with pytest.raises(BrokenVocabulary, match=message):
        read_vocabulary(broken_copy)
