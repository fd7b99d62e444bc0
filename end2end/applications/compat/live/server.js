// Sockets of the `ws` package and event streams: what a browser offers, where it comes from, and whether it answers pings.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Live</title></head><body><h1>Live</h1>
<button id="many">Many sockets</button> <button id="streams">Many streams</button> <button id="stay">Stay</button>
<p id="status"></p>
<script>
  const show = (text) => { document.getElementById("status").textContent = text; };
  const fail = (error) => show("failed: " + error);
  const on = (id, act) => document.getElementById(id).addEventListener("click", () => act().then(show, fail));
  const address = location.origin.replace("http", "ws");
  const opened = (socket) => new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject("no socket");
  });
  const heard = (socket) => new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(data); });
  const closed = (socket) => new Promise((resolve) => { socket.onclose = ({ code, reason }) => resolve(code + " " + reason); });
  on("many", async () => {
    const open = () => opened(new WebSocket(address + "/echo", ["chat.v1", "chat.v2"]));
    const all = await Promise.all(Array.from({ length: 100 }, open));
    const answers = all.map(heard);
    all.forEach((socket, number) => socket.send("Straße ".repeat(2000) + number));
    const texts = new Set(await Promise.all(answers));
    const ends = all.map(closed);
    all.forEach((socket) => socket.send("bye"));
    const reasons = new Set(await Promise.all(ends));
    return [all[0].protocol, texts.size, ...reasons].join(", ");
  });
  on("streams", async () => {
    const streams = Array.from({ length: 5 }, (_, number) => new EventSource("/events?" + number));
    const first = await Promise.all(streams.map(heard));
    streams.forEach((stream) => stream.close());
    return first.join(", ");
  });
  on("stay", async () => {
    const socket = await opened(new WebSocket(address + "/echo", "chat.v2"));
    await new Promise((resolve) => setTimeout(resolve, 2500));
    const answer = heard(socket);
    socket.send(new Blob([new Uint8Array(300_000)]));
    const { size } = await answer;
    return "still open, " + size + " bytes, protocol " + socket.protocol;
  });
</script></body></html>`;

const http = createServer((request, response) => {
  if (request.url.startsWith("/events")) {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    setTimeout(() => response.write(`data: ${request.url}\n\n`), 100);
    return;
  }
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page);
});

/** No page of another origin may open one. Programs don't say where they come from. */
const fromHere = ({ origin, req }) => !origin || new URL(origin).host === req.headers.host;
const handleProtocols = (offered) => (offered.has("chat.v2") ? "chat.v2" : false);
const sockets = new WebSocketServer({
  ...{ server: http, path: "/echo", verifyClient: fromHere, handleProtocols },
  perMessageDeflate: { threshold: 0 },
});
sockets.on("connection", (socket) => {
  let alive = true;
  socket.on("pong", () => (alive = true));
  const pings = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping("are you there?");
  }, 400);
  socket.on("close", () => clearInterval(pings));
  socket.on("message", (data, binary) => {
    if (data.toString() === "bye") return socket.close(4001, "tschüss");
    socket.send(data, { binary });
  });
});
http.listen(Number(process.argv[2]), "127.0.0.1");
