"""The yardstick: curator processes the rows its own way, CSV in and out; prints seconds and CPU.

It runs in its own environment, so it imports nothing from this project.
"""

import csv
import sys
import time
from typing import Any

from bespokelabs import curator  # type: ignore[import-not-found]


class Hook(curator.LLM):
    """One call per row."""

    def prompt(self, row: dict[str, Any]) -> str:
        return f"Write a hook for row {row['n']}"

    def parse(self, row: dict[str, Any], response: str) -> list[dict[str, Any]]:
        return [{"n": row["n"], "hook": response}]


def main(base_url: str, rows: int, parallel: int) -> None:
    """Read the rows of a CSV and write them with answers to another."""
    with open("rows.csv", "w", newline="") as file:
        csv.writer(file).writerows([["n"], *([number] for number in range(rows))])
    started, cpu = time.perf_counter(), time.process_time()
    with open("rows.csv", newline="") as file:
        given = list(csv.DictReader(file))
    llm = Hook(
        model_name="gpt-4o-mini",
        backend="openai",
        backend_params={
            "base_url": base_url,
            "max_requests_per_minute": 10_000_000,
            "max_tokens_per_minute": 10_000_000_000,
            "max_concurrent_requests": parallel,
        },
        generation_params={"max_tokens": 500, "temperature": 0.7},
    )
    answered = llm(given)
    answered = getattr(answered, "dataset", answered)
    with open("out.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["n", "hook"])
        for row in answered:
            writer.writerow([row["n"], row["hook"]])
    if len(answered) != rows:
        raise SystemExit(f"{len(answered)} of {rows} rows came back")
    print("took", time.perf_counter() - started, time.process_time() - cpu)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
