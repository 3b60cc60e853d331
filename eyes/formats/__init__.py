"""How dates are written in each language; Django's own ways hold for the rest."""
