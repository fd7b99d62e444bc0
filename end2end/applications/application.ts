// Applications that nobody here wrote, as their makers ship them, and what a person does with each. The same is done directly and
// through the gateway, and must show the same.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { freePort, Program } from "../support/process.ts";

export interface Application {
  readonly name: string;
  /** What `[[gateway.upstreams]]` needs for it; nothing is the aim. */
  readonly configuration?: string;
  start(): Promise<Running>;
  /** What a person does with it, wherever it is; gives what was seen on the way. */
  use(page: Page, url: string): Promise<string[]>;
}

/** An application that answers. */
export class Running {
  private constructor(
    private readonly program: Program,
    readonly url: string,
  ) {}

  /** Starts a program in a folder of its own, which `prepare` may fill, and waits until it answers. */
  static async start(
    command: string,
    args: (port: number, folder: string) => string[],
    prepare: (folder: string) => Promise<void> = async () => {},
  ): Promise<Running> {
    const folder = await mkdtemp(join(tmpdir(), "application-"));
    await prepare(folder);
    const port = await freePort();
    const program = Program.start(command, args(port, folder), folder);
    const url = `http://127.0.0.1:${port}`;
    const answers = async () => ((await fetch(url).catch(() => undefined)) ? true : undefined);
    await program.until(command, answers, 120);
    return new Running(program, url);
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}

/** A program of an application from Python's registry. */
export function fromPython(program: string): string {
  const folder = process.env.SUPPORT_CONSOLE_APPLICATIONS;
  if (!folder) throw new Error("SUPPORT_CONSOLE_APPLICATIONS is not set: run `make journeys` or `make test`");
  return join(folder, program);
}

/** A program of an application from Node's registry. */
export function fromNode(program: string): string {
  return fileURLToPath(new URL(`node_modules/.bin/${program}`, import.meta.url));
}
