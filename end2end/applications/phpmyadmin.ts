import { readFile } from "node:fs/promises";
import { expect, type Locator } from "@playwright/test";
import type { Application } from "./application.ts";
import { DUMP } from "./files.ts";
import { OWNER } from "./mariadb.ts";
import { startPhp } from "./php.ts";

/** phpMyAdmin: pages that its scripts replace in part, a token in each form, an upload and a download. */
export const phpMyAdmin: Application = {
  name: "phpMyAdmin",

  async start() {
    return startPhp(() => "/usr/share/phpmyadmin", { database: true });
  },

  async use(page, url) {
    const seen: string[] = [];
    const tab = (name: string) => page.locator("#topmenu a", { hasText: name });
    // phpMyAdmin ignores a click while it still loads what an earlier one asked for.
    const go = (name: string, shown: Locator) =>
      expect(async () => {
        await tab(name).click();
        await expect(shown).toBeVisible({ timeout: 5_000 });
      }).toPass();
    await page.goto(url);
    await page.locator("#input_username").fill(OWNER.username);
    await page.locator("#input_password").fill(OWNER.password);
    await page.locator("#input_go").click();
    await page.locator("#pma_navigation_tree").getByRole("link", { name: "demo", exact: true }).click();
    await expect(tab("Structure")).toBeVisible();

    await go("Import", page.locator("#input_import_file"));
    await page.locator("#input_import_file").setInputFiles(DUMP);
    await page.locator("#buttonGo").click();
    await expect(page.getByText("Import has been successfully finished")).toBeVisible();
    seen.push("imported");

    await go("SQL", page.getByText("Run SQL query/queries on database demo"));
    await page.locator("#sqlqueryform .CodeMirror").click();
    await page.keyboard.press("Control+a");
    await page.keyboard.type("SELECT text FROM notes WHERE text LIKE '%50\\%%'");
    await page.locator("#button_submit_query").click();
    const cells = page.locator("table.table_results td.data");
    await expect(cells).toHaveText("Straße & 50%");
    seen.push(await cells.innerText());

    await go("Export", page.locator("#buttonGo"));
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#buttonGo").click()]);
    const dump = await readFile(await download.path(), "utf8");
    seen.push(download.suggestedFilename(), `${dump.split("\n").filter((line) => line.includes("Straße")).length} line`);

    await page.getByRole("link", { name: "Log out" }).click();
    await expect(page.locator("#input_username")).toBeVisible();
    return seen;
  },
};
