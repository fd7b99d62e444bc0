import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import { type Application, fromCompat, Running } from "./application.ts";
import { PICTURE } from "./files.ts";

const run = promisify(execFile);
const ADMIN = { email: "ana@demo.example", password: "a long enough password" };

/** PocketBase: a page that signs in once, and then sends its token as `Authorization`. */
export const pocketBase: Application = {
  name: "PocketBase",
  entry: "/_/",
  movesBanner: true,
  upstream: ['upstream_authorization = "pass"'],

  async start() {
    return Running.start(
      fromCompat("pocketbase"),
      (port, folder) => ["serve", `--http=127.0.0.1:${port}`, `--dir=${folder}/data`],
      async (folder) => {
        await run(fromCompat("pocketbase"), ["superuser", "create", ADMIN.email, ADMIN.password, `--dir=${folder}/data`]);
      },
    );
  },

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(`${url}${pocketBase.entry}`);
    await page.getByLabel("Email").fill(ADMIN.email);
    await page.locator("[name=password]").fill(ADMIN.password);
    await page.getByRole("button", { name: "Login" }).click();
    await page.getByText("users", { exact: true }).first().click();
    await page.getByRole("button", { name: "New record", exact: true }).click();
    await page.getByRole("textbox", { name: "email *" }).fill("bruno@demo.example");
    await page.getByRole("textbox", { name: "Password *" }).fill(ADMIN.password);
    await page.getByRole("textbox", { name: "Confirm *" }).fill(ADMIN.password);
    await page.getByRole("textbox", { name: "name" }).fill("Straße & 50%");
    await page.locator("input[type=file]").setInputFiles({ name: "straße 50%.png", ...PICTURE });
    await page.getByRole("button", { name: "Create" }).click();
    const row = page.getByRole("row", { name: "bruno@demo.example" });
    await expect(row).toContainText("Straße & 50%");
    const picture = row.locator("img").first();
    await expect(picture).toBeVisible();
    seen.push(`a picture, ${await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => "shown"))}`);

    const first = page.evaluate(() => new Promise<string>((resolve) => {
      const events = new EventSource("/api/realtime");
      events.addEventListener("PB_CONNECT", ({ type }) => resolve(type));
    }));
    seen.push(await first);
    await page.reload();
    await expect(row).toBeVisible();
    seen.push("still signed in");
    return seen;
  },
};
