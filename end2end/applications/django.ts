import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import { type Application, fromPython, Running } from "./application.ts";

const run = promisify(execFile);
const ADMIN = { username: "ana", password: "a long enough password" };

/** Django's own administration, of a project as `startproject` makes it. */
export const django: Application = {
  name: "Django admin",
  // As it comes it doesn't trust X-Forwarded-Proto, and takes an `Origin` with https for another site.
  upstreamWithTls: (url) => [`upstream_public_urls = ["${url}"]`],

  async start() {
    const python = fromPython("python");
    return Running.start(
      python,
      (port, folder) => [`${folder}/manage.py`, "runserver", "--noreload", `127.0.0.1:${port}`],
      async (folder) => {
        await run(python, ["-m", "django", "startproject", "site_of_django", folder]);
        const manage = (args: string[], more = {}) =>
          run(python, [`${folder}/manage.py`, ...args], { env: { ...process.env, ...more } });
        await manage(["migrate"]);
        await manage(["createsuperuser", "--noinput", "--username", ADMIN.username, "--email", "ana@demo.example"], {
          DJANGO_SUPERUSER_PASSWORD: ADMIN.password,
        });
      },
    );
  },

  async use(page, url) {
    const seen: string[] = [];
    const see = async (what: string) => {
      const place = page.locator(what).first();
      // A page that is still being read has elements without their content.
      await expect(place).toHaveText(/\S/);
      seen.push(await place.innerText());
    };
    await page.goto(`${url}/admin/`);
    await page.getByLabel("Username:").fill(ADMIN.username);
    await page.getByLabel("Password:").fill(ADMIN.password);
    await page.getByRole("button", { name: "Log in" }).click();
    await see("h1");

    await page.goto(`${url}/admin/auth/user/add/`);
    await page.getByLabel("Username:").fill("bruno");
    await page.getByLabel("Password:", { exact: true }).fill(ADMIN.password);
    await page.getByLabel("Password confirmation:").fill(ADMIN.password);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await see(".messagelist");
    // Both halves of this field are made by a script.
    await page.locator("#id_user_permissions_from").selectOption({ index: 0 });
    await page.getByRole("button", { name: /^Choose selected user permissions/ }).click();
    await expect(page.locator("#id_user_permissions_to option")).toHaveCount(1);
    await page.getByLabel("Email address:").fill("bruno@demo.example");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.waitForURL("**/admin/auth/user/");
    await see(".messagelist");

    await page.locator("#searchbar").fill("bruno 50%");
    await page.getByRole("button", { name: "Search" }).click();
    await see(".paginator");
    await page.getByRole("button", { name: "Log out" }).click();
    await see("#content h1, #content p");
    return seen;
  },
};
