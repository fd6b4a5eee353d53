"""The web page for people: signing in, and the files of the page. All else it does by the public API."""
