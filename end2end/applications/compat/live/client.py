"""What a program sees of `server.js`, by the websockets package: `client.py URL [TOKEN]`."""

import json
import sys
import time

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

url, *token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token[0]}"} if token else {}
seen = []
with connect(
    url.replace("http", "ws") + "/echo",
    subprotocols=["chat.v1", "chat.v2"],
    additional_headers=headers,
    compression="deflate",
    max_size=None,
) as socket:
    seen.append(socket.subprotocol)
    socket.send(bytes(2_000_000))
    seen.append(len(socket.recv()))
    # In fragments.
    socket.send(["Straße", " & ", "50%"])
    seen.append(socket.recv())
    seen.append(socket.ping().wait(10))
    time.sleep(2)
    socket.send("bye")
    try:
        socket.recv()
    except ConnectionClosed as closed:
        seen.append([closed.rcvd.code, closed.rcvd.reason])
print(json.dumps(seen))
