# SPDX-License-Identifier: MIT
"""tunnel: TLS for a program that speaks only TCP, as Debian's SIPp does. One connection in is one connection out."""
import asyncio
import threading

from kit import certs
from kit.ports import take


class Tunnel:
    """Tunnel(to=address, seal=True): plain on this side, TLS on the far one; seal=False: the other way round."""

    def __init__(self, to, seal, host="127.0.0.1"):
        self.to, self.seal, self.host, self.port = to, seal, host, take(host)
        self.opened = 0
        self.loop, self.ready = asyncio.new_event_loop(), threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait(5)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.stop = self.loop.create_future()
        self.loop.run_until_complete(self._serve())
        self.loop.close()

    async def _serve(self):
        door = await asyncio.start_server(self._join, self.host, self.port, ssl=None if self.seal else certs.server())
        self.ready.set()
        await self.stop
        door.close()
        mine = asyncio.current_task()
        for task in [t for t in asyncio.all_tasks() if t is not mine]:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _join(self, near_in, near_out):
        self.opened += 1
        try:
            far_in, far_out = await asyncio.open_connection(*self.to, ssl=certs.client() if self.seal else None,
                                                            server_hostname=self.to[0] if self.seal else None)
        except OSError:
            return near_out.close()
        await asyncio.gather(self._pump(near_in, far_out), self._pump(far_in, near_out))

    @staticmethod
    async def _pump(source, sink):
        try:
            while data := await source.read(65536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()

    def close(self):
        self.loop.call_soon_threadsafe(lambda: self.stop.done() or self.stop.set_result(None))
        self.thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()
