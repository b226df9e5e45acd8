"""What a settlement did, for the operator."""

from dataclasses import dataclass

from ops.state import Json


@dataclass(frozen=True, slots=True)
class Report:
    """Counts by name; names are constant and hold nothing of a person."""

    counts: dict[str, int]

    def lines(self) -> list[str]:
        """Return one line for each count."""
        return [f"{name}: {count}" for name, count in self.counts.items()]

    def as_json(self) -> Json:
        """Return what the state file keeps."""
        return dict(self.counts)
