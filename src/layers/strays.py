"""Objects that nothing in the database refers to: written down before that is so, deleted by workers."""

import structlog

from layers.db.pool import Pool
from layers.storage import Storage, StorageError

log = structlog.get_logger("layers.strays")
AT_ONCE = 100
CLAIM = """
UPDATE stray_objects SET delete_after = now() + interval '1 minute' WHERE object_key = ANY (ARRAY(
    SELECT object_key FROM stray_objects WHERE delete_after <= now() ORDER BY delete_after LIMIT $1
    FOR UPDATE SKIP LOCKED)) RETURNING object_key
"""


async def delete_strays(pool: Pool, storage: Storage) -> None:
    """Delete the objects that are due. What the store will not delete now is tried again in a minute."""
    while keys := [row["object_key"] for row in await pool.fetch(CLAIM, AT_ONCE)]:
        deleted = [key for key in keys if await _delete(storage, key)]
        await pool.execute("DELETE FROM stray_objects WHERE object_key = ANY($1)", deleted)


async def _delete(storage: Storage, key: str) -> bool:
    try:
        await storage.delete(key)
    except (StorageError, OSError) as fault:
        log.warning("object not deleted; tried again later", key=key, error=repr(fault))
        return False
    return True
