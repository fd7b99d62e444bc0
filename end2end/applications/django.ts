import { execFile } from "node:child_process";
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { expect } from "@playwright/test";
import { type Application, fromPython, Running } from "./application.ts";
import { BYTES, download } from "./files.ts";

const run = promisify(execFile);
const ADMIN = { username: "ana", password: "a long enough password" };

/** What a project adds to keep files. */
const DOCUMENTS = {
  "documents/__init__.py": "",
  "documents/models.py": `from django.db import models

class Document(models.Model):
    file = models.FileField()
`,
  "documents/admin.py": `from django.contrib import admin

from .models import Document

admin.site.register(Document)
`,
};
const SETTINGS = `
INSTALLED_APPS += ["documents"]
MEDIA_ROOT = BASE_DIR / "media"
MEDIA_URL = "media/"
`;
const URLS = `
from django.conf import settings
from django.conf.urls.static import static

urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)
`;
const SECURE = `
ALLOWED_HOSTS = ["app.example.com"]
SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
`;

/** A project as `startproject` makes it, with a model that has a file, and more settings. */
async function start(settings = ""): Promise<Running> {
  const python = fromPython("python");
  return Running.start(
    python,
    (port, folder) => [`${folder}/manage.py`, "runserver", "--noreload", `127.0.0.1:${port}`],
    async (folder) => {
      await run(python, ["-m", "django", "startproject", "site_of_django", folder]);
      await mkdir(`${folder}/documents`);
      for (const [file, content] of Object.entries(DOCUMENTS)) await writeFile(`${folder}/${file}`, content);
      await appendFile(`${folder}/site_of_django/settings.py`, SETTINGS + settings);
      await appendFile(`${folder}/site_of_django/urls.py`, URLS);
      const manage = (args: string[], more = {}) =>
        run(python, [`${folder}/manage.py`, ...args], { env: { ...process.env, ...more } });
      await manage(["makemigrations", "documents"]);
      await manage(["migrate"]);
      await manage(["createsuperuser", "--noinput", "--username", ADMIN.username, "--email", "ana@demo.example"], {
        DJANGO_SUPERUSER_PASSWORD: ADMIN.password,
      });
    },
  );
}

/** Django's own administration. */
export const django: Application = {
  name: "Django admin",
  // As it comes it doesn't trust X-Forwarded-Proto, and takes an `Origin` with https for another site.
  upstreamWithTls: (url) => [`upstream_public_urls = ["${url}"]`],

  start: () => start(),

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

    await page.goto(`${url}/admin/documents/document/add/`);
    await page.getByLabel("File:").setInputFiles({ name: "straße 50%.bin", ...BYTES });
    await page.getByRole("button", { name: "Save and continue editing" }).click();
    await see(".messagelist");
    seen.push(...(await download(page, page.locator(".file-upload a"))));
    await page.getByRole("button", { name: "Log out" }).click();
    await see("#content h1, #content p");
    return seen;
  },
};

/** The same where it redirects everything to `https`, and knows only the platform's public host. */
export const djangoBehindTls: Application = {
  ...django,
  name: "Django admin with SECURE_SSL_REDIRECT",
  upstream: ['upstream_public_urls = ["https://app.example.com"]'],
  startBehind: () => start(SECURE),
};
