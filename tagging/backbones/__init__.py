"""Frozen networks that turn a photo into an embedding. Pure code: nothing here knows Django.

Reading order: `cards` (the facts of each network), `preprocessing` (photo to pixels), `weights`
(where the numbers come from), `networks` (the Keras definitions), `export` and `prepare` (from
Keras to the folder that engines open).
"""

import os

# Keras picks its backend on its first import. A person's own ~/.keras/keras.json may name another
# one, but the definitions here are exported through TensorFlow.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
