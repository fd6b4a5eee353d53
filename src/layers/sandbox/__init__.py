"""Fake platforms over HTTP, strict where the real ones are strict, with their state in PostgreSQL.

They serve test keys, the demo and the tests. Each is written apart from its connector, so that a
connector's misunderstanding shows, and says at its top what was checked and what is assumed. A module of
this folder that defines FAKE is one platform; `app` composes them, `faults` makes them fail on demand,
`state` holds all SQL.
"""
