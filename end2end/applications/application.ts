// Unmodified applications of others, and what a person does with each. The same clicks, directly and through the
// gateway, must show the same.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { freePort, Program } from "../support/process.ts";

export interface Application {
  readonly name: string;
  /** Where its pages begin, if not at `/`. */
  readonly entry?: string;
  /** Lines that the gateway's configuration needs for it, besides its address. */
  readonly upstream?: string[];
  /** The same, if the gateway has TLS and this address of the application has none. */
  readonly upstreamWithTls?: (url: string) => string[];
  /** What a person types where the browser itself asks for a password. */
  readonly httpCredentials?: { username: string; password: string };
  /** Whether a person would move the banner away first, because it covers something that is clicked. */
  readonly movesBanner?: boolean;
  /** Why it is not the same through the gateway, if it isn't yet. */
  readonly breaks?: string;
  start(): Promise<Running>;
  /** How it is started behind the gateway, if it can't be used directly then. */
  startBehind?(): Promise<Running>;
  /** What a person does with it, directly or through the gateway. Returns what they saw. */
  use(page: Page, url: string): Promise<string[]>;
}

/** A running application. */
export class Running {
  private constructor(
    private readonly program: Program,
    private readonly needed: Needed[],
    readonly url: string,
  ) {}

  /**
   * Starts a program in its own folder and waits until it answers. `prepare` may fill the folder, and start other
   * programs that it needs.
   */
  static async start(
    command: string,
    args: (port: number, folder: string) => string[],
    prepare: (folder: string, url: string) => Promise<Needed[] | void> = async () => {},
  ): Promise<Running> {
    const folder = await mkdtemp(join(tmpdir(), "application-"));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const needed = (await prepare(folder, url)) ?? [];
    const program = Program.start(command, args(port, folder), folder);
    const answers = async () => ((await fetch(url).catch(() => undefined)) ? true : undefined);
    const running = new Running(program, needed, url);
    await program.until(command, answers, 120).catch(async (error) => {
      await running.stop();
      throw error;
    });
    return running;
  }

  async stop(): Promise<void> {
    await this.program.stop();
    for (const needed of this.needed) await needed.stop();
  }
}

/** The errors that a page reports from now on, such as those of hydration. */
export function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`${error}`));
  page.on("console", (message) => {
    const isOfPage = message.type() === "error" && !message.text().startsWith("Failed to load resource");
    if (isOfPage) faults.push(message.text());
  });
  return faults;
}

/** A program that an application needs, such as a database. */
export interface Needed {
  stop(): Promise<void>;
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

/** A file of `compat/`: what the smallest applications there consist of. */
export function inCompat(path: string): string {
  return fileURLToPath(new URL(`compat/${path}`, import.meta.url));
}

/** A program of an application from Node's registry. */
export function fromNode(program: string): string {
  return fileURLToPath(new URL(`node_modules/.bin/${program}`, import.meta.url));
}
