import { writeFile } from "node:fs/promises";
import { expect } from "@playwright/test";
import { type Application, Running } from "./application.ts";

const ANA = { username: "ana", password: "a password" };
/** The password's bcrypt hash, with the lowest cost. */
const HASH = "$2a$04$gb0lFkjYaJAVoW8VcyqjYePdbVy7bw3v7kpa3aowy6J6LYhWORnYS";

async function start(web: string): Promise<Running> {
  return Running.start(
    "prometheus",
    (port, folder) => [
      [`--config.file=${folder}/prometheus.yml`, `--web.config.file=${folder}/web.yml`],
      [`--storage.tsdb.path=${folder}/data`, `--web.listen-address=127.0.0.1:${port}`],
    ].flat(),
    async (folder) => {
      await writeFile(`${folder}/prometheus.yml`, "global: { scrape_interval: 1h }\n");
      await writeFile(`${folder}/web.yml`, web);
    },
  );
}

/** Prometheus: queries with every odd character, and results that its scripts fetch. */
export const prometheus: Application = {
  name: "Prometheus",
  start: () => start(""),

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(`${url}/graph`);
    await page.getByPlaceholder(/^Expression/).click();
    await page.keyboard.type('label_replace(vector(50), "path", "/a%2Fb;c", "", "")');
    await page.getByRole("button", { name: "Execute" }).click();
    const row = page.locator("table", { hasText: "a%2Fb" }).first();
    await expect(row).toContainText("50");
    seen.push((await row.innerText()).trim());
    await page.getByRole("link", { name: "Alerts" }).click();
    seen.push(await page.locator("h1").first().innerText());
    return seen;
  },
};

/** The same behind HTTP Basic: the browser asks for the password. */
export const prometheusWithPassword: Application = {
  ...prometheus,
  name: "Prometheus with HTTP Basic",
  httpCredentials: ANA,
  start: () => start(`basic_auth_users: { ${ANA.username}: "${HASH}" }\n`),
};
