"""Fine-tuning as this site does it: what a run asks for, the folder it works in, the process that
does the work, when it is worth it, and whose photos the networks hold that came of it.

How a network is taught stands in `training.learning.fine_tuning`, which knows no database.
"""
