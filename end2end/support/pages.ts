// A platform with a few pages that make it difficult to show a banner.
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The answer for a path: the page, what follows it later, and header fields. */
export type PageOf = (asked: IncomingMessage) => {
  body: string;
  rest?: Promise<string>;
  headers?: Record<string, string | string[]>;
  status?: number;
};

export class Pages {
  /** The requests that came, with their bodies. */
  readonly asked: string[] = [];

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  /** Serves these pages by their path; everything else is 404. */
  static async start(pages: Record<string, PageOf>): Promise<Pages> {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const served = new Pages(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on("request", async (asked, answer) => {
      const path = (asked.url ?? "").split("?")[0] ?? "";
      let sent = "";
      for await (const part of asked) sent += part;
      served.asked.push(`${asked.method} ${asked.url} ${sent}`.trim());
      const { body, rest, headers, status } = pages[path]?.(asked) ?? { body: "not found", status: 404 };
      answer.writeHead(status ?? 200, { "content-type": "text/html; charset=utf-8", ...headers }).write(body);
      answer.end(await rest);
    });
    return served;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
  }
}

/** A document with this in its head and body. */
export function html(head: string, body: string): string {
  return `<!DOCTYPE html><html lang="en"><head><title>Invoices</title>${head}</head><body><h1>Invoices</h1>${body}</body></html>`;
}

/** A page that is always the same. */
export const page = (body: string, headers?: Record<string, string | string[]>): PageOf => () => ({ body, ...(headers && { headers }) });
