import { expect } from "@playwright/test";
import { type Application, inCompat, Running } from "./application.ts";

/** React 18, which owns the whole document and reports what it finds there but has not rendered. */
export const react18: Application = {
  name: "React 18",

  async start() {
    return Running.start(process.execPath, (port) => [inCompat("react18/server.js"), `${port}`]);
  },

  async use(page, url) {
    await page.goto(url);
    await page.getByRole("button", { name: "Count 0" }).click();
    await expect(page.getByRole("button", { name: "Count 1" })).toBeVisible();
    const faults = await page.evaluate(() => (window as unknown as { faults: string[] }).faults);
    return [await page.getByRole("heading").innerText(), ...faults];
  },
};
