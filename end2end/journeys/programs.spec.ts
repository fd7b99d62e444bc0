// Programs with common libraries, through the gateway with a token, get the same as directly.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { fromCompat, inCompat } from "../applications/application.ts";
import { live } from "../applications/live.ts";
import { expect, test } from "../fixtures.ts";
import { Served } from "../support/served.ts";

const run = promisify(execFile);

/** Each prints what it gets. Only `make compat` installs what they need. */
const programs = !process.env.SUPPORT_CONSOLE_COMPAT ? {} : {
  "the ws package": (args: string[]) => run(process.execPath, [inCompat("live/client.js"), ...args]),
  "the websockets package": (args: string[]) => run(fromCompat("python"), [inCompat("live/client.py"), ...args]),
};

for (const [name, program] of Object.entries(programs)) {
  test(`WebSockets and event streams of ${name} are the same through the gateway as directly`, async ({ browser }) => {
    const server = await live.start();
    const served = await Served.start(server.url);
    try {
      const page = await browser.newPage({ baseURL: served.console });
      const { token } = await served.enterAcme(page, ["application"]);
      const direct = await program([server.url]);
      const through = await program([served.gateway, token]);
      expect(JSON.parse(through.stdout)).toEqual(JSON.parse(direct.stdout));
    } finally {
      await served.stop();
      await server.stop();
    }
  });
}
