// Programs that a worker starts and always stops, by their own process id.
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export class Program {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly log: string,
  ) {}

  /** Starts a program in its own folder, which is removed when it stops. Its output is in a file there. */
  static start(command: string, args: string[], folder: string, variables: NodeJS.ProcessEnv = {}): Program {
    const log = join(folder, "log");
    const output = openSync(log, "a");
    const child = spawn(command, args, {
      stdio: ["ignore", output, output],
      env: environment(variables, command),
    });
    closeSync(output);
    child.on("error", (error) => console.error(`${command}: ${error.message}`));
    return new Program(child, folder, log);
  }

  /** Waits until `ready` returns something. Otherwise stops the program and fails with its last output. */
  async until<T>(what: string, ready: () => Promise<T | undefined>, seconds = 30): Promise<T> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(50)) {
      const value = await ready();
      // What answers may be another's, where this one could not even begin.
      if (this.ended || this.child.pid === undefined) break;
      if (value !== undefined) return value;
    }
    const lastWords = readFileSync(this.log, "utf8").split("\n").slice(-40).join("\n");
    await this.stop();
    throw new Error(`${what}: not within ${seconds} s\n${lastWords}`);
  }

  /** Asks the program to end, and kills it if it doesn't. */
  async stop(): Promise<void> {
    if (!this.ended && this.child.pid !== undefined) {
      const exit = once(this.child, "exit");
      this.child.kill("SIGTERM");
      const patience = setTimeout(() => this.child.kill("SIGKILL"), 10_000);
      await exit;
      clearTimeout(patience);
    }
    await rm(this.folder, { recursive: true, force: true });
  }

  /** The most memory that it has had so far, in bytes. */
  get peakMemory(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    return 1024 * Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]);
  }

  /** Freezes the program, or lets it continue. */
  freeze(frozen: boolean): void {
    this.child.kill(frozen ? "SIGSTOP" : "SIGCONT");
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/**
 * The environment of a program, without the scripts' own variables, which it would read as configuration. A release carries its
 * site, so it gets no folder.
 */
export function environment(more: NodeJS.ProcessEnv = {}, command = process.env.SUPPORT_CONSOLE_BINARY ?? ""): NodeJS.ProcessEnv {
  const { SUPPORT_CONSOLE_SITE_ROOT: folder, ...all } = process.env;
  const site = command.includes("/release/") ? undefined : folder;
  const others = Object.entries(all).filter(([name]) => !name.startsWith("SUPPORT_CONSOLE_"));
  return { ...Object.fromEntries(others), ...(site && { SUPPORT_CONSOLE_SITE_ROOT: site }), ...more };
}

/** The ports that are given out: below those that the system gives to outgoing connections (32768 and up on Linux). */
const PORTS = { first: 10_000, of_worker: 2_500, workers: 8 };
let next = randomInt(PORTS.of_worker);

/**
 * A TCP port that nothing listens on. Each worker gives out its own, one after the other: between here and the program that
 * listens there, nobody else takes it.
 */
export async function freePort(): Promise<number> {
  const worker = Number(process.env.TEST_PARALLEL_INDEX ?? 0) % PORTS.workers;
  for (;;) {
    next = (next + 1) % PORTS.of_worker;
    const port = PORTS.first + worker * PORTS.of_worker + next;
    const server = createServer().listen(port, "127.0.0.1");
    const free = await Promise.race([
      once(server, "listening").then(() => true),
      once(server, "error").then(() => false),
    ]).catch(() => false);
    if (!free) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
