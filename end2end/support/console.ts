// A running console, and how its commands, the platform and support staff talk to it.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { environment } from "./process.ts";

export type Role = "support_admin" | "super_admin";

export interface Account {
  name: string;
  email: string;
  password: string;
  role: Role;
}

export interface Tenant {
  id: string;
  slug: string;
  name: string;
}

/** The result of a command of the program. */
export interface Ended {
  code: number;
  stdout: string;
  output: string;
}

/** Where a console listens and keeps its data. */
export interface Place {
  console: string;
  gateway: string;
  data_dir: string;
  database_url: string;
}

export abstract class Console {
  /** A key for the REST interface with the rights of the platform. */
  protected abstract readonly platformKey: string;

  protected constructor(protected readonly place: Place) {}

  get console(): string {
    return this.place.console;
  }

  get gateway(): string {
    return this.place.gateway;
  }

  /** Runs a command of the program beside the running one, on the same store. */
  async command(args: string[], input = ""): Promise<Ended> {
    const { data_dir, database_url } = this.place;
    const env = environment({ SUPPORT_CONSOLE_DATA_DIR: data_dir, SUPPORT_CONSOLE_DATABASE_URL: database_url });
    return new Promise((done) => {
      const child = execFile(programPath(), args, { env }, (error, stdout, stderr) => {
        const code = error ? (typeof error.code === "number" ? error.code : -1) : 0;
        done({ code, stdout, output: `${stdout}${stderr}` });
      });
      // One that ends before it has read this has said why.
      child.stdin?.on("error", () => {});
      child.stdin?.end(input);
    });
  }

  /** Adds a staff member, for a journey that must not disturb others. */
  async addStaff(name: string, role: Role): Promise<Account> {
    const account = {
      name,
      email: `${randomUUID()}@demo.example`,
      password: `correct horse ${randomUUID()}`,
      role,
    };
    const args = ["staff", "add", "--email", account.email, "--name", name, "--role", role, "--password-stdin"];
    const { code, output } = await this.command(args, `${account.password}\n`);
    if (code !== 0) throw new Error(`staff add: ${output}`);
    return account;
  }

  /** Calls the REST interface as the platform does, and returns the parsed answer. */
  async platform<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(`${this.console}/api/v1/${path}`, {
      method,
      headers: { "x-api-key": this.platformKey, "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }

  /** Registers a tenant without calls, which the upstream does not know. `more` are further fields of it. */
  async registerTenant(name: string, more: Record<string, string> = {}): Promise<Tenant> {
    const id = `tnt_${randomUUID().slice(0, 8)}`;
    const slug = `${name.toLowerCase().replaceAll(/[^a-z]+/g, "-")}-${id.slice(4)}`;
    return this.platform<Tenant>("PUT", `tenants/${id}`, { slug, name, status: "active", ...more });
  }

  /** Sends a request through the gateway. */
  async request(token: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    return fetch(`${this.gateway}${path}`, { ...init, headers });
  }

  /** Sends a GET with the path exactly as written. `fetch` would normalise it first. */
  async requestAsWritten(token: string, path: string): Promise<{ status: number; requestId: string | null }> {
    const { hostname, port } = new URL(this.gateway);
    const headers = { authorization: `Bearer ${token}` };
    return new Promise((done, fail) => {
      const sent = request({ hostname, port, path, headers, agent: false }, (answer) => {
        answer.resume();
        const id = answer.headers["x-request-id"];
        done({ status: answer.statusCode ?? 0, requestId: typeof id === "string" ? id : null });
      });
      sent.on("error", fail).end();
    });
  }
}

/** The debug build, which `make test-rust` and `make dev` make too. */
export function debugProgramPath(): string {
  const binary = process.env.SUPPORT_CONSOLE_TEST_DEBUG_BINARY;
  if (!binary || !existsSync(binary)) throw new Error("There is no debug build: run `make test-rust` or `make dev`");
  return binary;
}

/** The release build. */
export function programPath(): string {
  const binary = process.env.SUPPORT_CONSOLE_BINARY;
  if (!binary) throw new Error("SUPPORT_CONSOLE_BINARY is not set: run `make journeys` or `make test`");
  return binary;
}
