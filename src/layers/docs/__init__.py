"""The documentation as a site: Markdown of the folder `docs` in, pages out, for `/docs` and for `make docs`."""
