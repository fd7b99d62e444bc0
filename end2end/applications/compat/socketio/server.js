// A room where everybody hears what one says, as the documentation of socket.io has it, and shows pictures.
import { createServer } from "node:http";
import { Server } from "socket.io";

const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Room</title>
<script src="/socket.io/socket.io.js"></script></head><body><h1>Room</h1>
<form><label>Message <input name="message" autocomplete="off"></label><button>Say</button></form>
<p id="transport"></p><ul id="messages"></ul>
<script>
  const socket = io({ auth: { name: "ana" } });
  const show = (text) => {
    const item = document.createElement("li");
    item.textContent = text;
    document.getElementById("messages").append(item);
  };
  const showTransport = ({ name }) => (document.getElementById("transport").textContent = name);
  // The upgrade may have come before the connection.
  socket.on("connect", () => {
    showTransport(socket.io.engine.transport);
    socket.io.engine.on("upgrade", showTransport);
  });
  socket.on("said", show);
  document.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = event.target.message.value;
    socket.emit("say", text, new Uint8Array(100_000).fill(7), (heard) => show("heard " + heard));
  });
</script></body></html>`;

const http = createServer((_request, response) => {
  response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(page);
});
const room = new Server(http, { perMessageDeflate: true, pingInterval: 500, pingTimeout: 2000 });
room.on("connection", (socket) => {
  socket.on("say", (text, bytes, heard) => {
    room.emit("said", `${socket.handshake.auth.name}: ${text}`);
    heard(bytes.length);
  });
});
http.listen(Number(process.argv[2]), "127.0.0.1");
