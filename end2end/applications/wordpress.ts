import { execFile } from "node:child_process";
import { cp, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import type { Application } from "./application.ts";
import { PICTURE } from "./files.ts";
import { OWNER } from "./mariadb.ts";
import { type Site, startPhp } from "./php.ts";

const run = promisify(execFile);

/**
 * WordPress, which writes its own address into every page. Here it takes the address from `Host`, as in installations with
 * several addresses. If the address is in its database, its forms bypass every proxy.
 */
export const wordPress: Application = {
  name: "WordPress",
  upstream: ['upstream_asked_as = "session"'],

  async start() {
    return startPhp((folder) => `${folder}/site`, { database: true, prepare });
  },

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(`${url}/wp-login.php`);
    await page.locator("#user_login").fill(OWNER.username);
    await page.locator("#user_pass").fill(OWNER.password);
    await page.locator("#wp-submit").click();
    await expect(page.locator("#wpbody h1").first()).toHaveText("Dashboard");

    await page.goto(`${url}/wp-admin/media-new.php?browser-uploader`);
    await page.locator("#async-upload").setInputFiles({ name: "straße 50.png", ...PICTURE });
    await page.locator("#html-upload").click();
    await expect(page).toHaveURL(/upload\.php/);
    seen.push("uploaded");

    await page.goto(`${url}/wp-admin/options-general.php`);
    await page.locator("#blogdescription").fill("Straße & 50%");
    await page.locator("#submit").click();
    await expect(page.getByText("Settings saved.")).toBeVisible();
    seen.push(await page.locator("#blogdescription").inputValue());

    await page.goto(`${url}/wp-admin/export.php`);
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#submit").click()]);
    seen.push(download.suggestedFilename().replace(/\d/g, "0"));
    expect(new URL(page.url()).origin, "nothing leads elsewhere").toBe(new URL(url).origin);
    return seen;
  },
};

async function prepare({ folder, url, settings }: Site): Promise<void> {
  const site = `${folder}/site`;
  await cp("/usr/share/wordpress", site, { recursive: true, dereference: true });
  const constants = { DB_NAME: "demo", DB_USER: OWNER.username, DB_PASSWORD: OWNER.password, DB_HOST: "localhost" };
  const secrets = ["AUTH", "SECURE_AUTH", "LOGGED_IN", "NONCE"].flatMap((name) => [`${name}_KEY`, `${name}_SALT`]);
  const define = [...Object.entries(constants), ...secrets.map((name) => [name, `${name} of a trial`])];
  await writeFile(
    `${site}/wp-config.php`,
    `<?php
${define.map(([name, value]) => `define('${name}', '${value}');`).join("\n")}
define('WP_HOME', 'http://' . $_SERVER['HTTP_HOST']);
define('WP_SITEURL', WP_HOME);
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', true);
$table_prefix = 'wp_';
if (!defined('ABSPATH')) define('ABSPATH', __DIR__ . '/');
require_once ABSPATH . 'wp-settings.php';
`,
  );
  await writeFile(
    `${folder}/install.php`,
    `<?php
define('WP_INSTALLING', true);
$_SERVER['HTTP_HOST'] = '${new URL(url).host}';
require '${site}/wp-load.php';
require '${site}/wp-admin/includes/upgrade.php';
wp_install('Site', '${OWNER.username}', 'ana@demo.example', true, '', '${OWNER.password}');
`,
  );
  await run("php", [...settings, `${folder}/install.php`]);
}
