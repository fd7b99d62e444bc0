// Bodies that fit into no memory: generated while they are sent, counted and hashed while they arrive.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, request as request1, type Server } from "node:http";
import { connect } from "node:http2";
import { request as requestTls } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

const PIECE = 64 * 1024;

/** What has arrived. */
export interface Taken {
  bytes: number;
  sha256: string;
}

/** So many bytes, at least six, no two pieces of which are alike. */
export function generated(bytes: number): Readable {
  return Readable.from(pieces(bytes), { objectMode: false, highWaterMark: PIECE });
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let sent = 0; sent < bytes; sent += PIECE) {
    const piece = Buffer.alloc(Math.min(PIECE, bytes - sent), 0x5a);
    piece.writeUIntBE(sent, 0, 6);
    yield piece;
  }
}

export async function take(body: AsyncIterable<Buffer>): Promise<Taken> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const piece of body) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** A platform that answers an upload with what has arrived, and a GET of `/down/BYTES` with so many. */
export class LargeBodies {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<LargeBodies> {
    const server = createServer(async (asked, answer) => {
      const down = /^\/down\/(\d+)$/.exec(asked.url ?? "");
      if (down) {
        answer.writeHead(200, { "content-length": down[1] });
        generated(Number(down[1])).pipe(answer);
        return;
      }
      answer.end(JSON.stringify(await take(asked)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new LargeBodies(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** Sends a request by this version of HTTP; gives its answer's body. */
export async function ask(
  http2: boolean,
  url: string,
  path: string,
  headers: IncomingHttpHeaders,
  body?: Readable,
): Promise<{ status: number; body: Readable; end: () => void }> {
  const method = body ? "PUT" : "GET";
  if (!http2) {
    const request = url.startsWith("https:") ? requestTls : request1;
    const sent = request(`${url}${path}`, { method, headers, agent: false, rejectUnauthorized: false });
    const answered = once(sent, "response");
    if (body) body.pipe(sent);
    else sent.end();
    const [answer] = await answered;
    return { status: answer.statusCode, body: answer, end: () => sent.destroy() };
  }
  const session = connect(url, { rejectUnauthorized: false, settings: { initialWindowSize: 1 << 20 } });
  await once(session, "connect");
  session.setLocalWindowSize(1 << 21);
  const sent = session.request({ ":method": method, ":path": path, ...headers }, { endStream: !body });
  const answered = once(sent, "response");
  body?.pipe(sent);
  const [fields] = await answered;
  return { status: Number(fields[":status"]), body: sent, end: () => session.destroy() };
}
