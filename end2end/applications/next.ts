import { expect } from "@playwright/test";
import { type Application, faultsOf, inCompat, Running } from "./application.ts";

/** Next.js: server actions, and links that fetch only what changes. `make compat` builds it. */
export const next: Application = {
  name: "Next.js",

  async start() {
    return Running.start(inCompat("node_modules/.bin/next"), (port) => [
      ["start", inCompat("next")],
      ["--hostname", "127.0.0.1", "--port", `${port}`],
    ].flat());
  },

  async use(page, url) {
    const seen: string[] = [];
    const faults = faultsOf(page);
    let loads = 0;
    page.on("load", () => loads++);
    await page.goto(url);
    await page.getByLabel("Note").fill("Straße & 50%");
    await page.getByRole("button", { name: "Add" }).click();
    await expect(page.getByRole("listitem")).toHaveText("Straße & 50%");
    await page.getByRole("link", { name: "50% off" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("50% off");
    seen.push(`${loads} load`, new URL(page.url()).pathname);
    await page.reload();
    seen.push(await page.getByRole("heading", { level: 1 }).innerText());
    // What React renders must be what it finds.
    return [...seen, ...faults];
  },
};
