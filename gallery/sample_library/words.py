"""What the photos of a sample library show, who took them and what people say below them."""

from __future__ import annotations

from typing import Final

_SUBJECTS = """
sky tree sea cat dog flower mountain street beach bridge river forest bird boat car house bicycle
lake snow sunset horse garden tower train church castle market coffee bread rose window door cloud
lighthouse harbour field cow sheep island waterfall path stairs lamp clock book guitar piano chair
table cup plate apple orange lemon grape strawberry tomato pumpkin mushroom leaf fern moss pine oak
birch willow tulip daisy sunflower lavender poppy heron duck swan goose owl eagle sparrow robin crow
gull penguin fox deer squirrel hedgehog rabbit mouse bee butterfly dragonfly ladybird spider snail
frog lizard turtle fish crab starfish shell pebble sand rock cliff cave valley meadow vineyard
orchard barn windmill fountain statue square roof chimney balcony tram bus lorry tractor ferry kayak
tent campfire lantern kite balloon umbrella hat scarf boot glove ring candle
"""
# The common ones first: how often each is drawn follows Zipf's law.
SUBJECTS: Final = tuple(_SUBJECTS.split())
MOODS: Final = (
    "Quiet",
    "Early",
    "Golden",
    "Lonely",
    "Bright",
    "Old",
    "Distant",
    "Little",
    "Late",
    "Misty",
    "First",
    "Last",
    "Wild",
    "Blue",
    "Warm",
    "Windy",
)
NAMES: Final = (
    "ada",
    "ben",
    "carla",
    "dario",
    "elif",
    "finn",
    "greta",
    "hugo",
    "ines",
    "jonas",
    "kira",
    "leo",
    "mika",
    "nora",
    "oskar",
    "paula",
    "quentin",
    "rosa",
    "sami",
    "tilda",
    "uma",
    "victor",
    "wanda",
    "xenia",
    "yusuf",
    "zoe",
)
REMARKS: Final = (
    "What a light!",
    "Where is this?",
    "I was there last year.",
    "Lovely colours.",
    "The second one is even better.",
    "This one for the wall, please.",
    "How long did you wait for that?",
    "Beautiful.",
)
CAMERAS: Final = (
    "Canon EOS R6",
    "Nikon Z 6",
    "Fujifilm X-T5",
    "Sony ILCE-7M4",
    "Apple iPhone 15",
    "Google Pixel 8",
    "Samsung SM-S918B",
    "Olympus E-M10",
    "Leica Q2",
    "",
)
