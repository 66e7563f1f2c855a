"""Numbers from what people think. Pure functions: counts come in, figures go out."""
