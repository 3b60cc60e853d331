"""What this room announces, after the commit. Who listens is no business of its own."""

from __future__ import annotations

from django.dispatch import Signal

# Sent with promotion_id=… once a version is live and that is committed, roll-backs included.
version_promoted = Signal()
# The live version has spoken about every photo. No arguments.
library_retagged = Signal()
# The network in this process's memory changed: state=… of NetworkState, backbone=… its key. Sent at
# once and not after a commit, since loading takes time in which others may ask.
network_changed = Signal()
# Files of versions were removed, or looked for; whoever keeps more for them can remove that too.
versions_pruned = Signal()
# Somebody looks at the list of versions. Whoever has something to say of the networks underneath
# returns sentences (a list of str).
remarks_wanted = Signal()
