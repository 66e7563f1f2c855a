"""The HTTP interface: one more platform for the same core, its reports, and the pages."""
