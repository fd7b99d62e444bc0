import { expect, type Page } from "@playwright/test";
import { type Application, faultsOf, inCompat, Running } from "./application.ts";

/** React, which owns the whole document and reports what it finds there but has not rendered. */
const react = (version: 18 | 19): Application => ({
  name: `React ${version}`,

  async start() {
    return Running.start(process.execPath, (port) => [inCompat(`react${version}/server.js`), `${port}`]);
  },

  async use(page, url) {
    const faults = faultsOf(page);
    await page.goto(url);
    const seen = await count(page);
    // One that loads for long. A clock that is set forward saves the wait.
    await page.clock.install();
    await page.goto(`${url}/late`, { waitUntil: "commit" });
    await expect(page.getByRole("heading")).toBeVisible();
    await page.clock.fastForward(10_000);
    await page.evaluate(async () => void (await fetch("/rest")));
    // A click before the script has run reaches nobody.
    await page.waitForLoadState("load");
    return [...seen, ...(await count(page)), ...faults];
  },
});

/** What is seen of the page, and what React found that it had not rendered. */
async function count(page: Page): Promise<string[]> {
  await page.getByRole("button", { name: "Count 0" }).click();
  await expect(page.getByRole("button", { name: "Count 1" })).toBeVisible();
  const faults = await page.evaluate(() => (window as unknown as { faults: string[] }).faults);
  return [await page.getByRole("heading").innerText(), ...faults];
}

export const react18 = react(18);
export const react19 = react(19);
