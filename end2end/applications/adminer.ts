import { readFile } from "node:fs/promises";
import { expect } from "@playwright/test";
import type { Application } from "./application.ts";
import { DUMP } from "./files.ts";
import { OWNER } from "./mariadb.ts";
import { startPhp } from "./php.ts";

/** Adminer: a policy that admits scripts by their nonce alone, an upload and a download. */
export const adminer: Application = {
  name: "Adminer",
  entry: "/adminer/",

  async start() {
    return startPhp(() => "/usr/share/adminer", { database: true });
  },

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(`${url}/adminer/`);
    await page.locator("[name='auth[username]']").fill(OWNER.username);
    await page.locator("[name='auth[password]']").fill(OWNER.password);
    await page.locator("[name='auth[db]']").fill("demo");
    await page.getByRole("button", { name: "Login" }).click();

    await page.getByRole("link", { name: "Import" }).first().click();
    await page.locator("[name='sql_file[]']").setInputFiles(DUMP);
    await page.getByRole("button", { name: "Execute" }).first().click();
    await expect(page.getByText("2 queries executed OK.")).toBeVisible();
    seen.push("imported");

    await page.goto(`${url}/adminer/?username=${OWNER.username}&db=demo&edit=notes`);
    await page.locator("[name='fields[text]']").fill("a;b + c\nzwei");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByText("has been inserted")).toBeVisible();
    await page.goto(`${url}/adminer/?username=${OWNER.username}&db=demo&select=notes`);
    seen.push(await page.locator("#table tbody").innerText());

    await page.goto(`${url}/adminer/?username=${OWNER.username}&db=demo&dump=notes`);
    await page.getByLabel("save").check();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export" }).click(),
    ]);
    const dump = await readFile(await download.path(), "utf8");
    seen.push(download.suggestedFilename(), `${dump.includes("Straße & 50%")}`);
    await page.goto(`${url}/adminer/?username=${OWNER.username}&db=demo`);
    await page.getByRole("button", { name: "Logout" }).click();
    await expect(page.getByText("Logout successful.")).toBeVisible();
    return seen;
  },
};
