"""The contract as an OpenAPI 3.1 document: what routes may refuse with, their types, and the whole."""
