// What a program sees of `server.js`, by the `ws` package: `client.js URL [TOKEN]`.
import WebSocket from "ws";
import { once } from "node:events";

const [url, token] = process.argv.slice(2);
const headers = token ? { Authorization: `Bearer ${token}` } : {};
const sockets = await Promise.all(
  Array.from({ length: 100 }, async (_, number) => {
    const socket = new WebSocket(`${url.replace("http", "ws")}/echo`, ["chat.v1", "chat.v2"], { headers });
    await once(socket, "open");
    socket.send("Straße ".repeat(5000) + number);
    const [text] = await once(socket, "message");
    return { socket, protocol: socket.protocol, text: text.toString().slice(-9) };
  }),
);
// Longer than the server waits for the answer to its ping.
await new Promise((resolve) => setTimeout(resolve, 2000));
const closed = sockets.map(({ socket }) => once(socket, "close"));
sockets.forEach(({ socket }) => socket.send("bye"));
const reasons = (await Promise.all(closed)).map(([code, reason]) => `${code} ${reason}`);

const events = await Promise.all(
  Array.from({ length: 20 }, async (_, number) => {
    const stop = new AbortController();
    const answer = await fetch(`${url}/events?${number}`, { headers, signal: stop.signal });
    const { value } = await answer.body.getReader().read();
    stop.abort();
    return new TextDecoder().decode(value).trim();
  }),
);
const protocols = new Set(sockets.map(({ protocol }) => protocol));
const texts = sockets.map(({ text }) => text);
console.log(JSON.stringify([[...protocols], texts, [...new Set(reasons)], events]));
