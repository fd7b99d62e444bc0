import { execFile } from "node:child_process";
import { appendFile, mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import type { Application } from "./application.ts";
import { PICTURE } from "./files.ts";
import { type Site, startPhp } from "./php.ts";

const run = promisify(execFile);
const SOURCE = "/usr/share/mediawiki";
const ADMIN = { username: "Ana", password: "a long enough password" };

/** MediaWiki: titles of all scripts in its paths, tokens in its forms, an upload and its download. */
export const mediaWiki: Application = {
  name: "MediaWiki",

  async start() {
    return startPhp(() => SOURCE, { environment: (folder) => [`MW_CONFIG_FILE=${folder}/LocalSettings.php`], prepare });
  },

  async use(page, url) {
    const seen: string[] = [];
    const heading = page.locator("#firstHeading");
    await page.goto(`${url}/index.php/Special:UserLogin`);
    await page.locator("#wpName1").fill(ADMIN.username);
    await page.locator("#wpPassword1").fill(ADMIN.password);
    await page.locator("#wpLoginAttempt").click();
    await expect(page.locator("#pt-userpage")).toContainText(ADMIN.username);

    await page.goto(`${url}/index.php?title=Straße_50%25;_a/b&action=edit`);
    await page.locator("#wpTextbox1").fill("Zeile '''eins''' & [[Main Page]]");
    await page.locator("#wpSave").click();
    await expect(page.locator("#mw-content-text")).toContainText("Zeile eins");
    seen.push(await heading.innerText(), new URL(page.url()).pathname);
    // A script does this once it has loaded, with its own token.
    await page.waitForLoadState("networkidle");
    await page.locator("#ca-unwatch a, #ca-watch a").first().click();
    await expect(page.locator("#mw-watchlink-notification")).toBeVisible();
    seen.push(await page.locator("#mw-watchlink-notification").innerText());

    await page.goto(`${url}/index.php/Special:Upload`);
    await page.locator("#wpUploadFile").setInputFiles({ name: "Straße 50.png", ...PICTURE });
    await page.locator("[name=wpUpload]").click();
    await expect(heading).toHaveText("File:Straße 50.png");
    const link = page.locator(".fullMedia a, .fullImageLink a").first();
    const size = (element: HTMLElement | SVGElement) =>
      fetch((element as HTMLAnchorElement).href).then(async (answer) => (await answer.arrayBuffer()).byteLength);
    seen.push(`${await link.evaluate(size)} bytes`);

    await page.locator("#searchInput").first().fill("Straße");
    await page.keyboard.press("Enter");
    await page.waitForURL(/search=/);
    seen.push(await heading.innerText());
    await page.goto(`${url}/index.php/Special:UserLogout`);
    await page.getByRole("button", { name: "Submit" }).click();
    seen.push(await heading.innerText());
    return seen;
  },
};

async function prepare({ folder, url, settings }: Site): Promise<void> {
  await mkdir(`${folder}/images`);
  const database = ["--dbtype=sqlite", `--dbpath=${folder}/data`, "--dbname=wiki"];
  const place = ["--scriptpath=", `--server=${url}`, `--confpath=${folder}`];
  const install = `${SOURCE}/maintenance/install.php`;
  await run("php", [...settings, install, ...database, ...place, `--pass=${ADMIN.password}`, "Wiki", ADMIN.username]);
  const uploads = ["$wgEnableUploads = true;", `$wgUploadDirectory = "${folder}/images";`];
  await appendFile(`${folder}/LocalSettings.php`, [...uploads, '$wgUploadPath = "/img_auth.php";'].join("\n"));
}
