"""What a caller does with a key, through the API of any installation: commands for people, tools for models.

Nothing of the server is imported here; `layers_sdk` is the only way in.
"""
