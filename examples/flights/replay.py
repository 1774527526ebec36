# SPDX-License-Identifier: Apache-2.0
"""Sends flights to an endpoint in the order of their departure, one request a flight, and reports
what became of them (on time or late) one day of flights later.

    python replay.py --endpoint delays --from 2013-04-01 --to 2013-12-31
"""

import argparse
import asyncio
import json
import time
from collections import deque
from urllib.parse import urlsplit

import flights

FEEDBACK_ITEMS = 1000  # labels a request
FRESH_S = 5  # a connection that was silent for longer is not used again


class Connection(asyncio.Protocol):
    """One keep-alive HTTP/1.1 connection that takes the next request when the last is answered."""

    def __init__(self, queue: deque, on_answer):
        self.queue, self.on_answer = queue, on_answer
        self.buffer, self.sent, self.idle = b"", 0.0, asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport
        self.idle.set()

    def connection_lost(self, error):
        if not self.idle.is_set():
            self.on_answer(0, 0.0, b"the connection was closed")
            self.idle.set()

    def next(self):
        if self.queue and not self.transport.is_closing():
            self.idle.clear()
            self.sent = time.perf_counter()
            self.transport.write(self.queue.popleft())
        else:
            self.idle.set()

    def data_received(self, data):
        self.buffer += data
        head = self.buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        at = self.buffer.lower().find(b"content-length:", 0, head)
        length = int(self.buffer[at + 15 : self.buffer.find(b"\r\n", at)]) if at >= 0 else 0
        if len(self.buffer) < head + 4 + length:
            return
        body, status = self.buffer[head + 4 :], int(self.buffer[9:12])
        self.buffer = b""
        self.on_answer(status, time.perf_counter() - self.sent, body)
        self.next()


class Replay:
    """Plays days of flights; keeps its connections, its counts and the labels that are due."""

    def __init__(self, url: str, endpoint: str, rows=None, connections: int = 16):
        self.rows = flights.table() if rows is None else rows
        self.days = {day: part for day, part in self.rows.groupby("day")}
        address = urlsplit(url)
        self.host, self.port = address.hostname, address.port or 80
        self.endpoint, self.wanted = endpoint, connections
        self.loop = asyncio.new_event_loop()
        self.queue: deque = deque()
        self.connections: list[Connection] = []
        self.sent = self.failed = self.labelled = 0
        self.seconds, self.latencies, self.timed = 0.0, [], True
        self.first_failure, self.last = "", 0.0
        self.due = None  # yesterday's flights, whose outcome is known tomorrow

    def play(self, day: str) -> None:
        """One day of flights through the endpoint, then the outcomes of the day before."""
        part = self.days.get(day)
        started = time.perf_counter()
        if part is not None:
            self.timed = True
            self._send(self._predictions(part))
        if self.due is not None:
            self.timed = False
            self._send(self._labels(self.due))
            self.labelled += len(self.due)
        self.due = part
        self.seconds += time.perf_counter() - started

    def between(self, first: str, last: str) -> list[str]:
        return sorted(day for day in self.days if first <= day <= last)

    def percentile(self, share: float) -> float:
        """Milliseconds; of the predictions since the start."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def _send(self, requests: list[bytes]) -> None:
        self.queue.extend(requests)
        self.loop.run_until_complete(self._drain())

    async def _drain(self) -> None:
        if time.perf_counter() - self.last > FRESH_S:  # the server may have closed them by now
            for connection in self.connections:
                connection.transport.close()
        self.connections = [c for c in self.connections if not c.transport.is_closing()]
        while len(self.connections) < self.wanted:
            _, made = await self.loop.create_connection(
                lambda: Connection(self.queue, self._answered), self.host, self.port
            )
            self.connections.append(made)
        for connection in self.connections:
            connection.next()
        for connection in self.connections:
            await connection.idle.wait()
        self.last = time.perf_counter()
        if self.queue:  # every connection was closed under way: try again with new ones
            await self._drain()

    def _answered(self, status: int, seconds: float, body: bytes) -> None:
        if self.timed:
            self.sent += 1
            self.latencies.append(seconds)
        if status != 200:
            self.failed += 1
            self.first_failure = self.first_failure or f"{status} {body[:300].decode()}"

    def _request(self, path: str, body: str, request_id: str) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nhost: {self.host}:{self.port}\r\n"
            f"content-type: application/json\r\nx-request-id: {request_id}\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}"
        ).encode()

    def _predictions(self, part) -> list[bytes]:
        path = f"/endpoints/{self.endpoint}/invocations"
        columns = json.dumps(flights.FEATURES)
        values = part[flights.FEATURES].to_numpy(dtype=object).tolist()
        return [
            self._request(
                path,
                f'{{"dataframe_split":{{"columns":{columns},"data":[{json.dumps(row)}]}}}}',
                id_,
            )
            for id_, row in zip(part.flight_id, values, strict=True)
        ]

    def _labels(self, part) -> list[bytes]:
        path = f"/api/v1/endpoints/{self.endpoint}/feedback"
        items = [
            {"request_id": id_, "label": label}
            for id_, label in zip(part.flight_id, part[flights.LABEL].tolist(), strict=True)
        ]
        return [
            self._request(
                path,
                json.dumps({"items": items[n : n + FEEDBACK_ITEMS]}),
                f"labels-{part.day.iloc[0]}-{n}",
            )
            for n in range(0, len(items), FEEDBACK_ITEMS)
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:5800")
    parser.add_argument("--endpoint", default="delays")
    parser.add_argument("--from", dest="first", default="2013-04-01")
    parser.add_argument("--to", dest="last", default="2013-12-31")
    args = parser.parse_args()
    replay = Replay(args.url, args.endpoint)
    for day in replay.between(args.first, args.last):
        replay.play(day)
        rate = replay.sent / replay.seconds
        print(f"{day}  {replay.sent} requests, {rate:.0f}/s, {replay.failed} failed", flush=True)
    if replay.failed:
        raise SystemExit(f"error: {replay.failed} requests failed, first: {replay.first_failure}")


if __name__ == "__main__":
    main()
