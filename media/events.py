"""What media asks the floors above, which know domains and posts; see core/events.py."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class RemoteFileWanted:
    """A file of this host is about to be fetched; who knows a reason against it raises an AppError."""

    host: str


@dataclass(frozen=True)
class RemoteFilesLeaving:
    """The copies of the files at these addresses are about to be deleted; ``spared`` gets those that stay."""

    urls: frozenset[str]
    spared: set[str] = field(default_factory=set)
