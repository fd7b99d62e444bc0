// A separate MariaDB for each application that needs one.
import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Program } from "../support/process.ts";

const run = promisify(execFile);

/** The user who may do everything in it. */
export const OWNER = { username: "ana", password: "a long enough password" };

export class MariaDb {
  private constructor(
    private readonly program: Program,
    readonly socket: string,
  ) {}

  /** Starts an empty one, with an empty database `demo`. It listens only on its socket. */
  static async start(): Promise<MariaDb> {
    const folder = await mkdtemp(join(tmpdir(), "mariadb-"));
    const socket = `${folder}/socket`;
    const common = ["--no-defaults", `--datadir=${folder}/data`, `--user=${userInfo().username}`];
    await run("mariadb-install-db", [...common, "--auth-root-authentication-method=normal", "--skip-test-db"]);
    const small = ["--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"];
    const program = Program.start(
      "/usr/sbin/mariadbd",
      [...common, `--socket=${socket}`, "--skip-networking", ...small],
      folder,
    );
    const sql = [
      `CREATE USER ${OWNER.username}@localhost IDENTIFIED BY '${OWNER.password}'`,
      `GRANT ALL ON *.* TO ${OWNER.username}@localhost WITH GRANT OPTION`,
      "CREATE DATABASE demo CHARACTER SET utf8mb4",
    ];
    const prepared = () =>
      run("mariadb", ["--no-defaults", `--socket=${socket}`, "--user=root", "--execute", sql.join(";")]).then(
        () => true,
        () => undefined,
      );
    await program.until("MariaDB", prepared);
    return new MariaDb(program, socket);
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }
}
