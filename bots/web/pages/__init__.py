"""The dashboard's pages: what they show, their templates and their one stylesheet and script."""
