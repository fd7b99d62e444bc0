// A console as an operator starts it: `serve` with its own configuration, an empty store, and httpbin as upstream.
import { execFile } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Page } from "@playwright/test";
import type { Certificate } from "./certificate.ts";
import { type Account, Console, type Place, programPath } from "./console.ts";
import { signInAs } from "./page.ts";
import { freePort, Program } from "./process.ts";
import { createSession, type Granted } from "./support-session.ts";

export class Served extends Console {
  platformKey = "";

  private constructor(
    private readonly program: Program,
    place: Place,
  ) {
    super(place);
  }

  /**
   * `more` are lines for the table of the gateway, which has TLS with a certificate, and lines that begin with `console.` or
   * `telemetry.`. `build` is the program, and `variables` are added to its environment.
   */
  static async start(
    upstream: string,
    more: string[] = [],
    certificate?: Certificate,
    build = programPath(),
    variables: NodeJS.ProcessEnv = {},
  ): Promise<Served> {
    const folder = await mkdtemp(join(tmpdir(), "serve-"));
    const [console, gateway] = [await freePort(), await freePort()];
    const place = {
      console: `http://localhost:${console}`,
      gateway: `${certificate ? "https" : "http"}://127.0.0.1:${gateway}`,
      data_dir: folder,
      database_url: `sqlite:${join(folder, "console.db")}`,
    };
    const file = join(folder, "support-console.toml");
    await writeFile(file, configuration(place, console, gateway, upstream, [...more, ...(certificate ? [certificate.line] : [])]));
    const program = Program.start(build, ["serve", "--config", file], folder, variables);
    await program.until("the console", async () => {
      const answer = await fetch(`${place.console}/sign-in`).catch(() => undefined);
      return answer?.ok || undefined;
    });
    return new Served(program, place);
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }

  freeze(frozen: boolean): void {
    this.program.freeze(frozen);
  }

  /** The most memory that `serve` has had so far, in bytes. */
  get peakMemory(): number {
    return this.program.peakMemory;
  }

  get log(): string {
    return this.program.log;
  }

  /** Writes into the store past the program, for what only weeks would bring there. */
  async write(sql: string): Promise<void> {
    const file = this.place.database_url.replace("sqlite:", "");
    const script = "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=30).executescript(sys.argv[2])";
    await promisify(execFile)(process.env.SUPPORT_CONSOLE_PYTHON ?? "python3", ["-c", script, file, sql]);
  }

  /** Makes the key with which the platform registers tenants. */
  async usePlatformKey(): Promise<void> {
    const key = await this.command(["api-key", "create", "--name", "platform", "--right", "read", "--right", "tenants:write"]);
    this.platformKey = key.stdout.trim();
  }

  /** Adds the tenant Acme and a super admin. */
  async addAcme(): Promise<Account> {
    const account = await this.addStaff("Ana Silva", "super_admin");
    await this.usePlatformKey();
    await this.platform("PUT", "tenants/acme", { slug: "acme", name: "Acme", status: "active" });
    return account;
  }

  /** Adds both, signs the page in, and opens a support session with these scopes. */
  async enterAcme(page: Page, scopes: string[]): Promise<Granted> {
    await signInAs(page, await this.addAcme());
    return createSession(page, "acme", { scopes });
  }
}

function configuration(place: Place, console: number, gateway: number, upstream: string, more: string[]): string {
  const isOfNoTable = (line: string) => /^(console|telemetry)\./.test(line);
  return `
database_url = "${place.database_url}"
data_dir = "${place.data_dir}"
console.listen = "127.0.0.1:${console}"
console.public_url = "${place.console}"
${more.filter(isOfNoTable).join("\n")}

[gateway]
listen = "127.0.0.1:${gateway}"
public_url = "${place.gateway}"
upstream = "${upstream}"
tenant_binding = "identity"
${more.filter((line) => !isOfNoTable(line)).join("\n")}

[gateway.selectors]
query = ["tenant_id"]
headers = ["x-tenant-id"]

[[scopes]]
name = "everything"
description = "Every method on every path"
allow = [{ methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"], paths = ["/**"] }]

[[scopes]]
name = "application"
description = "Every method and WebSocket on every path"
allow = [
  { methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"], paths = ["/**"] },
  { methods = ["GET"], paths = ["/**"], upgrade = "websocket" },
]

[[scopes]]
name = "talk"
description = "The WebSocket at /talk"
allow = [{ methods = ["GET"], paths = ["/talk"], upgrade = "websocket" }]

[metrics]
enabled = false
`;
}
