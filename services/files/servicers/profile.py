"""The contract's form of a profile."""

from smelt.files.v1 import files_pb2

from services.files.library.stored_file import OpenedFile
from services.files.profiling.profile import ColumnProfile, Profile
from services.files.profiling.quality import completeness, quality


def profile_to_proto(opened: OpenedFile, profile: Profile) -> files_pb2.FileProfile:
    """Return the contract's form of a file's profile."""
    file, found = opened.file, quality(profile)
    return files_pb2.FileProfile(
        name=f"files/{file.id}/profile",
        parse=file.parse.version,
        row_count=profile.row_count,
        empty_row_count=profile.empty_rows,
        encoding=file.parse.dialect.encoding,
        encoding_guessed=file.parse.dialect.encoding_guessed,
        sample_line=opened.sample_line,
        columns=[_column(column, profile.row_count) for column in profile.columns],
        quality=files_pb2.FileProfile.Quality(
            score=found.score,
            band=found.band,
            empty_rows_points=found.empty_rows,
            incomplete_columns_points=found.incomplete_columns,
            malformed_cells_points=found.malformed_cells,
            missing_columns_points=found.missing_columns,
        ),
    )


def _column(column: ColumnProfile, row_count: int) -> files_pb2.FileProfile.Column:
    return files_pb2.FileProfile.Column(
        name=column.name,
        type=files_pb2.FileProfile.ColumnType.Value(column.guess.type.name) if column.guess else 0,  # type: ignore[arg-type]
        confidence=column.guess.confidence if column.guess else 0,
        samples=column.samples,
        filled_count=column.filled,
        completeness=completeness(column, row_count),
        malformed_count=column.malformed,
        duplicate_count=column.duplicates,
        placeholder_count=column.placeholders,
        value_kind=files_pb2.FileProfile.ValueKind.Value(column.value_kind.name) if column.value_kind else 0,  # type: ignore[arg-type]
    )
