"""The log as files: rows for training and evaluation, and the log itself. What they are for is not known here."""
