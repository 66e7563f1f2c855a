"""The chat to try: pocket's rooms as a page in the browser, beside them the log and the report as they grow."""
