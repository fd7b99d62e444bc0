// A certificate for a gateway of these journeys, which nobody else trusts.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export class Certificate {
  private constructor(private readonly folder: string) {}

  /** For this machine, and for the hosts of support sessions below `localhost`. */
  static async make(): Promise<Certificate> {
    const folder = await mkdtemp(join(tmpdir(), "certificate-"));
    const made = new Certificate(folder);
    const names = "subjectAltName=DNS:localhost,DNS:*.localhost,IP:127.0.0.1";
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", made.key];
    await run("openssl", ["req", "-x509", "-days", "2", "-subj", "/CN=localhost", "-addext", names, ...key, "-out", made.path]);
    return made;
  }

  private get key(): string {
    return join(this.folder, "key.pem");
  }

  private get path(): string {
    return join(this.folder, "certificate.pem");
  }

  /** The line of the gateway's table that names it. */
  get line(): string {
    return `tls = { certificate = "${this.path}", key = "${this.key}" }`;
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
