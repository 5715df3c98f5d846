"""Which keeper of attachments a configuration means."""

from __future__ import annotations

from edge_agent.ingest.assembly import Assembly, WholeFiles
from edge_agent.ingest.attachment_rows import AttachmentRows, WholeRows
from edge_agent.ingest.attachments import AttachmentReader, Attachments
from edge_agent.ingest.settings import IngestSettings
from edge_agent.ingest.store import PlatformStore


def attachment_keeper(settings: IngestSettings, store: PlatformStore) -> Attachments:
    """For a process that serves. Raises StoreFault when the database fails."""
    if store.database.postgres:
        return AttachmentRows(store, settings.assembly)
    return Assembly(settings.data_dir, settings.assembly)


def attachment_reader(settings: IngestSettings, store: PlatformStore) -> AttachmentReader:
    """For everybody else."""
    return WholeRows(store) if store.database.postgres else WholeFiles(settings.data_dir)
