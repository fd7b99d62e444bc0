// A demo of the release build with its own ports and data.
import { mkdtemp, readFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, Console, type Place, programPath, type Role, type Tenant } from "./console.ts";
import { freePort, Program } from "./process.ts";

/** What the demo writes once all of its listeners accept connections. */
interface Ready extends Place {
  upstream: string;
  accounts: Account[];
  platform_key: string;
  control_socket: string;
}

export class Demo extends Console {
  private constructor(
    private readonly program: Program,
    private readonly ready: Ready,
  ) {
    super(ready);
  }

  static async start(): Promise<Demo> {
    // Short, because the path of a Unix socket in it must be short.
    const folder = await mkdtemp(join(tmpdir(), "console-"));
    const file = join(folder, "ready.json");
    const ports = { console: await freePort(), gateway: await freePort(), upstream: await freePort() };
    const args = [
      ["demo"],
      ["--console-port", `${ports.console}`],
      ["--gateway-port", `${ports.gateway}`],
      ["--upstream-port", `${ports.upstream}`],
      ["--data-dir", join(folder, "data")],
      ["--ready-file", file],
    ].flat();
    const program = Program.start(programPath(), args, folder);
    return new Demo(program, await program.until("the demo", () => readJson<Ready>(file)));
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }

  protected get platformKey(): string {
    return this.ready.platform_key;
  }

  get log(): string {
    return this.program.log;
  }

  account(role: Role): Account {
    const account = this.ready.accounts.find((account) => account.role === role);
    if (!account) throw new Error(`the demo has no account with the role ${role}`);
    return account;
  }

  /** The tenant with this health that has the most calls. */
  async tenant(health: "healthy" | "warning" | "critical"): Promise<Tenant> {
    type List = { items: { tenant: Tenant }[] };
    const { items } = await this.platform<List>("GET", `tenants?health=${health}&sort=calls&dir=desc&limit=1`);
    if (!items[0]) throw new Error(`the demo has no tenant that is ${health}`);
    return items[0].tenant;
  }

  /** Moves the demo's clock forward, for example by "15m". */
  async advance(duration: string): Promise<void> {
    await this.control(`advance ${duration}`);
  }

  /** Lets the tenants' programs call the platform, or stops them. */
  async traffic(on: "on" | "off"): Promise<void> {
    await this.control(`traffic ${on}`);
  }

  /** The demo's own time. */
  async now(): Promise<string> {
    return this.control("now");
  }

  /** Sends one line and returns the answering line. */
  private async control(command: string): Promise<string> {
    const socket = createConnection(this.ready.control_socket);
    socket.setEncoding("utf8");
    socket.write(`${command}\n`);
    let answer = "";
    try {
      for await (const part of socket) {
        answer += part;
        if (answer.includes("\n")) return answer.trim();
      }
    } finally {
      socket.destroy();
    }
    throw new Error(`no answer to "${command}", only "${answer}"`);
  }
}

async function readJson<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch {
    // Not there yet, or half written.
    return undefined;
  }
}
