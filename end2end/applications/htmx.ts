import { expect } from "@playwright/test";
import { type Application, fromCompat, inCompat, Running } from "./application.ts";

/** htmx in front of Flask: `HX-Request` decides between a fragment and a page. */
export const htmx: Application = {
  name: "htmx",

  async start() {
    const program = inCompat("htmx/notes.py");
    return Running.start(fromCompat("python"), (port) => [program, `${port}`]);
  },

  async use(page, url) {
    await page.goto(url);
    await page.getByLabel("Note").fill("Straße & 50%");
    await page.getByRole("button", { name: "Add" }).click();
    await expect(page.getByRole("listitem")).toHaveText("Straße & 50%");
    await page.getByRole("button", { name: "Remove" }).click();
    await expect(page.getByRole("listitem")).toHaveCount(0);
    // A whole page in place of a fragment would add a second one.
    return [`${await page.getByRole("heading", { level: 1 }).count()} heading`];
  },
};
