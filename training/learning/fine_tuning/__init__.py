"""Fine-tuning: teaching the network itself, not only the head on top. Knows nothing of Django.

Reading order: `task` (the folder that says what is to be done and holds what came of it), then the
photos, their variations, the loop and the process that runs it.
"""
