// Applications of PHP, as Debian packages them, with PHP's own web server.
import { MariaDb } from "./mariadb.ts";
import { type Needed, Running } from "./application.ts";

/** The folder and address of an application. */
export interface Site {
  readonly folder: string;
  readonly url: string;
  /** Settings added to PHP's configuration: uploads of more than 2 MB, and where the database is. */
  readonly settings: string[];
}

interface Wanted {
  /** Whether it gets a MariaDB, which PHP reaches as `localhost`. */
  database?: boolean;
  /** Its environment. */
  environment?: (folder: string) => string[];
  /** Fills its folder. */
  prepare?: (site: Site) => Promise<void>;
}

/** Starts the application in `root`. */
export async function startPhp(root: (folder: string) => string, wanted: Wanted): Promise<Running> {
  const { database, environment, prepare } = wanted;
  const settings = ["upload_max_filesize=64M", "post_max_size=64M", "display_errors=0"].flatMap(setting);
  return Running.start(
    "env",
    (port, folder) => [...(environment?.(folder) ?? []), "php", ...settings, "-S", `127.0.0.1:${port}`, "-t", root(folder)],
    async (folder, url) => {
      const needed: Needed[] = [];
      if (database) {
        const mariadb = await MariaDb.start();
        needed.push(mariadb);
        settings.push(...setting(`mysqli.default_socket=${mariadb.socket}`));
      }
      await prepare?.({ folder, url, settings });
      return needed;
    },
  );
}

function setting(text: string): string[] {
  return ["-d", text];
}
