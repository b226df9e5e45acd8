"""The yardstick for jobs: a bare AsyncOpenAI loop on its aiohttp transport; prints seconds and CPU."""

import asyncio
import os
import sys
import time

from openai import AsyncOpenAI, DefaultAioHttpClient


async def main(base_url: str, rows: int, parallel: int) -> None:
    """Send one call per row, `parallel` in flight."""
    async with AsyncOpenAI(
        api_key="sk-bench", base_url=base_url, max_retries=0, http_client=DefaultAioHttpClient()
    ) as client:
        numbers = iter(range(rows))

        async def work() -> None:
            for number in numbers:
                await client.chat.completions.create(
                    model="gpt-4o-mini",
                    messages=[{"role": "user", "content": f"Write a hook for row {number}"}],
                    max_tokens=500,
                    temperature=0.7,
                )

        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work() for _ in range(parallel)))
        print(time.perf_counter() - started, time.process_time() - cpu)


if __name__ == "__main__":
    os.environ.pop("OPENAI_BASE_URL", None)
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
