"""Learning, judging and deciding, on plain arrays. Pure code: nothing here knows Django.

Reading order: `examples` (what is known), `split`, `features`, `head` (the only door to Keras),
`calibration`, `thresholds`, `lesson` (these five in one story), `metrics`, `gate`.
"""
