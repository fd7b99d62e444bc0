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
  static start(command: string, args: string[], folder: string): Program {
    const log = join(folder, "log");
    const output = openSync(log, "a");
    const child = spawn(command, args, {
      stdio: ["ignore", output, output],
      env: environment(),
    });
    closeSync(output);
    child.on("error", (error) => console.error(`${command}: ${error.message}`));
    return new Program(child, folder, log);
  }

  /** Waits until `ready` returns something. Otherwise stops the program and fails with its last output. */
  async until<T>(what: string, ready: () => Promise<T | undefined>, seconds = 30): Promise<T> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(50)) {
      const value = await ready();
      if (value !== undefined) return value;
      if (this.ended || this.child.pid === undefined) break;
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

  /** Freezes the program, or lets it continue. */
  freeze(frozen: boolean): void {
    this.child.kill(frozen ? "SIGSTOP" : "SIGCONT");
  }

  private get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** The environment without the scripts' own variables, which the program would read as configuration. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { SUPPORT_CONSOLE_SITE_ROOT: site, ...all } = process.env;
  const others = Object.entries(all).filter(([name]) => !name.startsWith("SUPPORT_CONSOLE_"));
  return { ...Object.fromEntries(others), ...(site && { SUPPORT_CONSOLE_SITE_ROOT: site }), ...more };
}

/**
 * A TCP port that nothing listens on. It is below the ports of outgoing connections (32768 and up on Linux), because
 * one of those could be taken before the program listens on it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + randomInt(20_000);
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
