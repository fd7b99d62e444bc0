import { type Application, fromPython, Running } from "./application.ts";
import { download } from "./files.ts";

/** Datasette over a database that it makes: an odd name, and links with odd queries. */
export const datasette: Application = {
  name: "Datasette",

  async start() {
    return Running.start(fromPython("datasette"), (port, folder) => [
      [`${folder}/café 50%.db`, "--create"],
      ["--host", "127.0.0.1", "--port", `${port}`],
    ].flat());
  },

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(url);
    await page.getByRole("link", { name: "café 50%", exact: true }).first().click();
    seen.push(await page.locator("h1").first().innerText());
    const sql = "select '50%' as \"a;b\",\r\n 'Straße & Söhne' as name, 'x+y' as sum";
    // As its form sends it: with CR and LF, a blank as a plus sign, and a semicolon.
    await page.goto(`${page.url()}?${new URLSearchParams({ sql })}`);
    seen.push(await page.locator("table.rows-and-columns").innerText());
    const csv = page.getByRole("link", { name: "CSV" });
    await csv.click();
    seen.push(await page.locator("body").innerText());
    await page.goBack();
    // As its form for tables asks for a file.
    await csv.evaluate((link) => ((link as HTMLAnchorElement).search += "&_dl=1"));
    seen.push(...(await download(page, csv)));
    await page.getByRole("link", { name: "json", exact: true }).click();
    const { query, rows } = JSON.parse(await page.locator("body").innerText());
    seen.push(JSON.stringify({ query, rows }));
    return seen;
  },
};
