"""The yardstick for the vault: the call alone over aiohttp, nothing around it; prints seconds and CPU."""

import asyncio
import json
import sys
import time

import aiohttp


async def main(base_url: str, rows: int, parallel: int) -> None:
    """Send one call per row, `parallel` in flight."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        numbers = iter(range(rows))

        async def work() -> None:
            for number in numbers:
                body = {
                    "model": "gpt-4o-mini",
                    "messages": [{"role": "user", "content": f"Write a hook for row {number}"}],
                    "max_tokens": 500,
                    "temperature": 0.7,
                }
                async with session.post(
                    f"{base_url}/chat/completions", json=body, headers={"Authorization": "Bearer sk-bench"}
                ) as answer:
                    said = json.loads(await answer.read())
                    assert said["choices"][0]["message"]["content"]

        started, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(work() for _ in range(parallel)))
        print(time.perf_counter() - started, time.process_time() - cpu)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
