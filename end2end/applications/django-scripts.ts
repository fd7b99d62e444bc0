import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import { type Application, fromPython, inCompat, Running } from "./application.ts";

const run = promisify(execFile);

/** Scripts before Django as its documentation has them, and axios: double submit, a large upload, a download, events. */
export const djangoScripts: Application = {
  name: "Django's own scripts, and axios",
  upstream: ['upstream_readable_cookies = ["csrftoken"]'],

  async start() {
    return Running.start(fromPython("python"), (port, folder) => [inCompat("django/shop.py"), `${port}`, folder]);
  },

  async use(page, url) {
    const seen: string[] = [];
    const status = page.locator("#status");
    await page.goto(url);
    await page.getByRole("button", { name: "By fetch" }).click();
    await expect(status).toHaveText("by fetch XMLHttpRequest");
    await page.getByRole("button", { name: "By axios" }).click();
    await expect(status).toHaveText("by axios");

    const folder = await mkdtemp(join(tmpdir(), "upload-"));
    const file = join(folder, "Straße 50%.bin");
    await writeFile(file, Buffer.alloc(100 * 1024 * 1024, "0123456789abcdef"));
    await page.getByLabel("File").setInputFiles(file);
    await expect(status).toContainText("digest");
    await rm(folder, { recursive: true });
    seen.push(await status.innerText());

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download" }).click(),
    ]);
    seen.push(download.suggestedFilename(), `${(await readFile(await download.path())).length} bytes`);

    await page.getByRole("button", { name: "Listen" }).click();
    await expect(page.getByRole("listitem")).toHaveCount(4);
    seen.push(...(await page.getByRole("listitem").allInnerTexts()));
    return seen;
  },
};

/** Angular before Django: a cookie and a field of other names. */
export const djangoWithAngular: Application = {
  name: "Angular before Django",
  upstream: ['upstream_readable_cookies = ["XSRF-TOKEN"]'],

  async start() {
    return Running.start(
      fromPython("python"),
      (port, folder) => [inCompat("django/shop.py"), `${port}`, folder],
      async (folder) => {
        const bundled = ["--bundle", "--format=iife", "--log-level=error", `--outfile=${folder}/angular.js`];
        await run(inCompat("node_modules/.bin/esbuild"), [inCompat("angular/page.js"), ...bundled]);
      },
    );
  },

  async use(page, url) {
    await page.goto(url);
    await page.getByRole("button", { name: "By Angular" }).click();
    await expect(page.getByRole("status")).toHaveText("by Angular");
    return [await page.getByRole("status").innerText()];
  },
};
