import { expect } from "@playwright/test";
import { type Application, inCompat, Running } from "./application.ts";

/** The `ws` package: a hundred sockets with subprotocols, compression, pings and a check of `Origin`; event streams. */
export const live: Application = {
  name: "ws",

  async start() {
    return Running.start(process.execPath, (port) => [inCompat("live/server.js"), `${port}`]);
  },

  async use(page, url) {
    const seen: string[] = [];
    const status = page.locator("#status");
    for (const button of ["Many sockets", "Many streams", "Stay"]) {
      await page.goto(url);
      await page.getByRole("button", { name: button }).click();
      await expect(status).not.toBeEmpty();
      seen.push(await status.innerText());
    }
    expect(seen.join()).not.toContain("failed");
    return seen;
  },
};
