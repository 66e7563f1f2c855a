"""Other models, judges and checks, tried on what was asked and answered. What they say never counts among people's."""
