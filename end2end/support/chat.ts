// A WebSocket service that echoes every message, and a client of it, with the part of RFC 6455 that journeys need.
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";

/** The first byte of a text message that is one frame (RFC 6455 §5.2). */
const TEXT = 0x81;

export class Chat {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Chat> {
    const server = createServer((_, answer) => answer.writeHead(404).end());
    server.on("upgrade", (asked, socket) => {
      const accept = acceptOf(asked.headers["sec-websocket-key"] ?? "");
      const fields = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
      socket.write(["HTTP/1.1 101 Switching Protocols", ...fields, "", ""].join("\r\n"));
      socket.on("error", () => socket.destroy());
      socket.on("data", (frame: Buffer) => socket.write(unmasked(frame)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Chat(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** An open WebSocket, and the id of the request that opened it. */
export class Talk {
  private constructor(
    private readonly socket: Duplex,
    readonly requestId: string,
  ) {}

  /** Opens one through a gateway. */
  static async open(url: string, token: string): Promise<Talk> {
    const headers = {
      authorization: `Bearer ${token}`,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      "sec-websocket-version": "13",
    };
    return new Promise((done, fail) => {
      const asking = request(url, { headers });
      asking.on("upgrade", (answer, socket) => {
        socket.on("error", () => socket.destroy());
        done(new Talk(socket, `${answer.headers["x-request-id"]}`));
      });
      asking.on("response", (answer) => fail(new Error(`not upgraded: ${answer.statusCode}`)));
      asking.on("error", fail).end();
    });
  }

  /** Sends a short text and returns the answer. */
  async say(text: string): Promise<string> {
    const mask = randomBytes(4);
    const payload = Buffer.from(text).map((byte, i) => byte ^ mask[i % 4]!);
    this.socket.write(Buffer.concat([Buffer.from([TEXT, 0x80 | payload.length]), mask, payload]));
    const [frame] = (await once(this.socket, "data")) as [Buffer];
    return frame.subarray(2).toString();
  }

  /** Waits until the socket is closed. */
  async ended(): Promise<void> {
    // Not `once` of node:events, which would fail when the connection is reset. That is how the gateway cuts it.
    if (!this.socket.destroyed) await new Promise((done) => this.socket.once("close", done));
  }
}

/** RFC 6455 §4.2.2. */
function acceptOf(key: string): string {
  return createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
}

/** A client's frame as a server sends it. */
function unmasked(frame: Buffer): Buffer {
  const mask = frame.subarray(2, 6);
  const payload = frame.subarray(6).map((byte, i) => byte ^ mask[i % 4]!);
  return Buffer.concat([Buffer.from([TEXT, payload.length]), payload]);
}
