// httpbin, a well-known HTTP service, as an upstream.
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, Program } from "./process.ts";

export class Httpbin {
  private constructor(
    private readonly program: Program,
    readonly url: string,
  ) {}

  static async start(): Promise<Httpbin> {
    const python = process.env.SUPPORT_CONSOLE_PYTHON;
    if (!python) throw new Error("SUPPORT_CONSOLE_PYTHON is not set: run `make journeys` or `make test`");
    const folder = await mkdtemp(join(tmpdir(), "httpbin-"));
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const args = ["-m", "gunicorn", "--bind", `127.0.0.1:${port}`, "--threads", "8", "httpbin:app"];
    const program = Program.start(python, args, folder);
    await program.until("httpbin", async () => {
      const answer = await fetch(`${url}/status/204`).catch(() => undefined);
      return answer?.status === 204 || undefined;
    });
    return new Httpbin(program, url);
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
