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
  /** The cookies that its scripts read, which the gateway has to be told. */
  readonly readableCookies?: string[];
  /** What else the gateway has to be told of it. */
  readonly upstream?: string[];
  /** Why it is not the same through the gateway, if it isn't yet. */
  readonly breaks?: string;
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

/** A program that an application from Python's registry brings along. */
export function fromPython(program: string): string {
  return join(folderOf("SUPPORT_CONSOLE_APPLICATIONS", "make journeys"), program);
}

/** The same for the applications of `make compat`. */
export function fromCompat(program: string): string {
  return join(folderOf("SUPPORT_CONSOLE_COMPAT", "make compat"), program);
}

function folderOf(variable: string, command: string): string {
  const folder = process.env[variable];
  if (!folder) throw new Error(`${variable} is not set: run \`${command}\``);
  return folder;
}

/** A program of an application from Node's registry. */
export function fromNode(program: string): string {
  return fileURLToPath(new URL(`node_modules/.bin/${program}`, import.meta.url));
}
