// Uploads and downloads that are larger than any memory, over each transport.
import { expect, test } from "../fixtures.ts";
import { Certificate } from "../support/certificate.ts";
import { ask, generated, LargeBodies, take } from "../support/large-bodies.ts";
import { Served } from "../support/served.ts";

const MIB = 1024 * 1024;
/** `make compat` has the time for the whole. */
const SIZE = process.env.SUPPORT_CONSOLE_COMPAT ? 1024 * MIB : 128 * MIB;
/** How much more memory the server may ever have had than before the first. */
const ROOM = 64 * MIB;

for (const tls of [false, true]) {
  test(`large bodies pass both ways in little memory ${tls ? "over TLS" : "in clear text"}`, async ({ browser }) => {
    test.setTimeout(600_000);
    const platform = await LargeBodies.start();
    const certificate = tls ? await Certificate.make() : undefined;
    const served = await Served.start(platform.url, [], certificate);
    const page = await browser.newPage({ baseURL: served.console });
    try {
      const { token } = await served.enterAcme(page, ["everything"]);
      const expected = await take(generated(SIZE));
      const authorization = { authorization: `Bearer ${token}` };
      for (const http2 of [false, true]) {
        const small = await ask(http2, served.gateway, "/up", authorization, generated(MIB));
        expect((await take(small.body)).bytes).toBeGreaterThan(0);
        small.end();
        const before = served.peakMemory;
        const length = { "content-length": `${SIZE}` };
        const up = await ask(http2, served.gateway, "/up", { ...authorization, ...length }, generated(SIZE));
        let answer = "";
        for await (const part of up.body) answer += part;
        expect(JSON.parse(answer), `up, HTTP/${http2 ? 2 : 1.1}`).toEqual(expected);
        up.end();
        const afterUp = served.peakMemory;
        const down = await ask(http2, served.gateway, `/down/${SIZE}`, authorization);
        expect(await take(down.body), `down, HTTP/${http2 ? 2 : 1.1}`).toEqual(expected);
        down.end();
        const grown = [afterUp - before, served.peakMemory - before].map((bytes) => (bytes / MIB).toFixed(1));
        test.info().annotations.push({ type: "memory", description: `HTTP/${http2 ? 2 : 1.1}: ${grown.join(", ")} MiB more` });
        expect(served.peakMemory - before).toBeLessThan(ROOM);
      }
    } finally {
      await page.context().close();
      await served.stop();
      await certificate?.remove();
      await platform.stop();
    }
  });
}
