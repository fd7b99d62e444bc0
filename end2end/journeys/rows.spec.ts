// The pages of administration and of tenants with nothing to list, and with more than anyone reads.
import { readFile } from "node:fs/promises";
import type { Locator, Page, TestInfo } from "@playwright/test";
import {
  expect,
  expectInBothThemes,
  expectNoSidewaysScroll,
  open,
  plainPage,
  signInAs,
  test as base,
  title,
} from "../fixtures.ts";
import type { Account } from "../support/console.ts";
import { nameOf, registerTenants, writePeopleKeysAndSessions } from "../support/many-rows.ts";
import { Served } from "../support/served.ts";

/** How long ten thousand rows may take where others work, too: files give way to everything else. */
const TEN_THOUSAND = 420_000;

interface ForTest {
  served: Served;
  /** Is signed in on the page. */
  admin: Account;
  /** The same person in a browser without JavaScript. */
  plain: Page;
}

const test = base.extend<ForTest>({
  served: async ({}, use, testInfo) => {
    const served = await Served.start("http://127.0.0.1:1");
    await use(served);
    await testInfo.attach("serve.log", { path: served.log, contentType: "text/plain" });
    await served.stop();
  },
  baseURL: async ({ served }, use) => use(served.console),
  admin: async ({ served }, use) => use(await served.addStaff("Ana Silva", "super_admin")),
  plain: async ({ browser, served, admin }, use) => {
    const page = await plainPage(browser, served.console, admin);
    await use(page);
    await page.context().close();
  },
});

test.beforeEach(async ({ page, admin }) => {
  await signInAs(page, admin);
});

test("a list without rows says so and what to do next", async ({ page, plain }, testInfo) => {
  const lists = [
    ["/support", "No tenants yet", "Tenants appear here once your platform registers them.", "How health is worked out"],
    ["/support/sessions", "No support sessions yet", "Find the tenant in the overview", "Go to the overview"],
    ["/support/sessions?status=revoked", "No matching support sessions", "remove a filter", "Clear filters"],
    ["/audit?action=tenant.closed", "No matching events", "remove a filter", "Clear filters"],
    ["/admin/tenants", "No tenants yet", "Tenants appear here once your platform registers them.", "Go to the overview"],
    ["/admin/tenants?q=acme", "No matching tenants", "remove a filter", "Clear search and filters"],
    ["/admin/staff?q=acme", "No matching staff members", "remove a filter", "Clear filters"],
    ["/admin/api-keys", "No API keys yet", "Your platform needs one to register tenants", "Create API key"],
    ["/admin/api-keys?q=acme", "No matching API keys", "remove a filter", "Clear filters"],
  ] as const;
  for (const [path, heading, advice, next] of lists) {
    await test.step(path, async () => {
      await open(page, path);
      const empty = page.locator(".empty");
      await expect(empty.getByRole("heading", { level: 2 })).toHaveText(heading);
      await expect(empty).toContainText(advice);
      await expect(page.getByRole("main").getByRole("table")).toHaveCount(0);
      if (!path.includes("?")) await expectInOrder(page, path);
      await empty.getByRole("link", { name: next }).click();
      await expect(page).not.toHaveURL(path);
      await expect(title(page)).toBeVisible();

      await plain.goto(path);
      await expect(plain.locator(".empty").getByRole("heading", { level: 2 })).toHaveText(heading);
      await expect(plain.locator(".empty")).toContainText(advice);
    });
  }
  await open(page, "/admin/tenants");
  await expectLines(page, "Export CSV", 1, testInfo);
});

test("a page about a console or a tenant in which nothing has happened is in order", async ({ page, plain, served }) => {
  for (const path of ["/admin/settings", "/support/rules", "/support/permissions"]) {
    await open(page, path);
    await expect(page.getByRole("main").getByRole("alert")).toHaveCount(0);
  }
  for (const [path, rows] of [["/audit", 3], ["/admin/staff", 1], ["/account/sessions", 2]] as const) {
    await open(page, path);
    await expect(page.getByRole("main").getByRole("table").locator("tbody tr")).toHaveCount(rows);
    await expectInOrder(page, path);
  }
  await served.usePlatformKey();
  await served.platform("PUT", "tenants/acme", { slug: "acme", name: "Acme", status: "active" });
  await open(page, "/support/tenants/acme");
  for (const text of ["No one is in this tenant.", "No organizations.", "No API calls have been reported yet."]) {
    await expect(page.getByRole("main").getByText(text).first()).toBeVisible();
  }
  await expectInOrder(page, "tenant");
  await open(page, "/admin/tenants/acme");
  await expect(page.getByText("No organizations.")).toBeVisible();
  await expectInOrder(page, "tenant to manage");
  await plain.goto("/admin/tenants/acme");
  await expect(plain.getByText("No organizations.")).toBeVisible();
});

test("each list holds ten thousand rows", async ({ page, served }, testInfo) => {
  test.setTimeout(TEN_THOUSAND);
  await fill(served);
  const list = (name: string): Locator => page.getByRole("table", { name }).locator("tbody tr");

  await test.step("overview", async () => {
    await open(page, "/support");
    await expect(page.getByRole("link", { name: /^Total tenants/ })).toContainText("10,000");
    await expectPages(page, list("Tenant health"), "10,000");
    await expectFound(page, list("Tenant health"), nameOf("Tenant", 9_876));
    await expectLines(page, "Export CSV", 2, testInfo);
  });
  await test.step("tenants", async () => {
    await open(page, "/admin/tenants");
    await expectPages(page, list("Tenants"), "10,000");
    await expectLines(page, "Export CSV", 10_001, testInfo);
    await expectLines(page, "Export JSON Lines", 10_000, testInfo);
    await expectFound(page, list("Tenants"), nameOf("Tenant", 9_876));
    await open(page, "/admin/tenants?sort=user_sessions");
    await expectPages(page, list("Tenants"), "10,000");
    await open(page, "/admin/tenants?status=trial");
    await expect(page.getByText("Rows 1–50 of 1,000", { exact: true })).toBeVisible();
    for (const path of ["/support/tenants/tenant-00001", "/admin/tenants/tenant-00001"]) {
      await open(page, path);
      await expect(page.getByText("These are the first 1,000 organizations by name.")).toBeVisible();
      await expectNoSidewaysScroll(page, path);
    }
    await findOrganization(page);
  });
  await test.step("staff", async () => {
    await open(page, "/admin/staff");
    await expectPages(page, list("Staff members"), "10,000+");
    await expectFound(page, list("Staff members"), nameOf("Person", 9_876));
    await open(page, "/admin/staff");
    await page.getByRole("combobox", { name: "Role" }).selectOption("Super admin");
    await expect(page.getByText("Rows 1–50 of 1,001", { exact: true })).toBeVisible();
  });
  await test.step("API keys", async () => {
    await open(page, "/admin/api-keys");
    await expectPages(page, list("API keys"), "10,000+");
    await expectFound(page, list("API keys"), nameOf("Key", 9_876));
    await open(page, "/admin/api-keys");
    await page.getByRole("region", { name: "Counts" }).getByRole("link", { name: /^Revoked/ }).click();
    await expect(page.getByText("Rows 1–50 of 1,000", { exact: true })).toBeVisible();
    await expect(list("API keys").filter({ hasNotText: "Revoked" })).toHaveCount(0);
  });
  await test.step("support sessions", async () => {
    await open(page, "/support/sessions");
    await expectPages(page, list("Support sessions"), "10,000");
    await expectLines(page, "Export CSV", 10_001, testInfo);
    await open(page, "/support/sessions?tenant=tenant-09876");
    await expect(list("Support sessions")).toHaveCount(1);
    await page.clock.install();
    await open(page, "/support/sessions");
    const asked: string[] = [];
    page.on("request", (request) => asked.push(`${request.url()} ${request.postData() ?? ""}`));
    const person = page.getByRole("combobox", { name: "Staff member" });
    await person.fill("Person 098");
    await page.clock.runFor(1_000);
    await person.fill("Person 0987");
    await page.clock.runFor(1_000);
    await person.press("Enter");
    await expect(person).toHaveAccessibleDescription(/Do you mean Person 09870 \(01937e2c-.*, …\?/);
    const names = asked.flatMap((one) => one.match(/Person(?:\+|%20| )\d+/g) ?? []);
    expect(new Set(names.map((name) => name.slice(-4))), "half a name is not asked for").toEqual(new Set(["0987"]));
    await person.fill("PERSON 09876");
    await person.blur();
    await expect(page).toHaveURL(/staff=01937e2c-0001-7000-8000-/);
    await expect(list("Support sessions")).toHaveCount(1);
    await page.reload();
    await expect(person).toHaveValue(nameOf("Person", 9_876));
  });
  await test.step("audit log", async () => {
    await open(page, "/audit");
    await expectPages(page, list("Audit events"), "10,000+");
    await open(page, "/audit?action=tenant.registered");
    await expect(page.getByText("Rows 1–50 of 10,000", { exact: true })).toBeVisible();
    await expectLines(page, "Export CSV", 10_001, testInfo);
    await open(page, "/audit?tenant=tenant-09876");
    await expect(list("Audit events")).toHaveCount(1);
  });
});

test("ten thousand rows are found without JavaScript, and an organization among them", async ({ page, plain, served }) => {
  test.setTimeout(TEN_THOUSAND);
  await fill(served);
  await test.step("administration without JavaScript", async () => {
    for (const [path, name, total, what] of [
      ["/admin/tenants", "Tenants", "10,000", "Tenant"],
      ["/admin/staff", "Staff members", "10,000+", "Person"],
      ["/admin/api-keys", "API keys", "10,000+", "Key"],
    ] as const) {
      const rows = plain.getByRole("table", { name }).locator("tbody tr");
      await plain.goto(path);
      await turnPages(plain, rows, total);
      await expectFound(plain, rows, nameOf(what, 9_876), () => plain.getByRole("button", { name: "Apply" }).click());
    }
    await plain.goto("/admin/tenants/tenant-00001");
    await expect(plain.getByText("These are the first 1,000 organizations by name.")).toBeVisible();
    await findOrganization(plain);
  });
  await test.step("an organization to confine a session to", async () => {
    await open(page, "/support/tenants/tenant-00001/create-session");
    const dialog = page.getByRole("dialog", { name: "Create Support Session" });
    const organization = dialog.getByLabel("Organization");
    await dialog.getByLabel("Reason").fill("Invoices fail since this morning");
    await organization.fill("Organization 0987");
    await dialog.getByRole("button", { name: "Create Session" }).click();
    await expect(organization).toHaveAccessibleDescription(/Do you mean Organization 09870 \(org-09870\), .*, …\?/);
    await organization.fill("ORGANIZATION 09876");
    await dialog.getByRole("button", { name: "Create Session" }).click();
    await page.getByRole("link", { name: "View session", exact: true }).click();
    await expect(page.getByText("org-09876").first()).toBeVisible();
  });
});

/** Ten thousand of each. */
async function fill(served: Served): Promise<void> {
  await served.usePlatformKey();
  await registerTenants(served);
  await writePeopleKeysAndSessions(served);
}

/** The page says no error, and is in order in both themes. */
async function expectInOrder(page: Page, name: string): Promise<void> {
  await expect(page.getByRole("main").getByRole("alert")).toHaveCount(0);
  await expectInBothThemes(page, name);
}

/** The first page of a list with its count, and the way through its pages by keyboard. */
async function expectPages(page: Page, rows: Locator, total: string): Promise<void> {
  await expect(rows).toHaveCount(50);
  await expectInOrder(page, `${new URL(page.url()).pathname} with ten thousand rows`);
  await turnPages(page, rows, total);
}

async function turnPages(page: Page, rows: Locator, total: string): Promise<void> {
  await expect(rows).toHaveCount(50);
  const pager = page.getByRole("navigation", { name: /^Pages of / });
  const first = await rows.first().innerText();
  await pager.getByRole("link", { name: "Next" }).press("Enter");
  await expect(pager.getByText(`Rows 51–100 of ${total}`, { exact: true })).toBeVisible();
  await expect(rows.first()).not.toHaveText(first, { useInnerText: true });
  await pager.getByRole("link", { name: "Previous" }).press("Enter");
  await expect(pager.getByText(`Rows 1–50 of ${total}`, { exact: true })).toBeVisible();
  await pager.getByRole("link", { name: "Last" }).press("Enter");
  await expect(pager.getByText(/^(Rows 9,951–10,000|\d+ rows) of /)).toBeVisible();
  await expect(pager.getByRole("link", { name: "Next" })).toHaveAttribute("aria-disabled", "true");
  await expect(rows.first()).not.toHaveText(first, { useInnerText: true });
}

/** A search for a name finds that row alone. `apply` sends it where it isn't sent as it is typed. */
async function expectFound(page: Page, rows: Locator, name: string, apply = async () => {}): Promise<void> {
  await page.getByRole("main").getByRole("searchbox").fill(name);
  await apply();
  await expect(rows).toHaveCount(1);
  await expect(rows).toContainText(name);
}

/** Finds an organization beyond those that the page of its tenant lists. */
async function findOrganization(page: Page): Promise<void> {
  const search = page.getByRole("search", { name: "Organizations" });
  await search.getByRole("searchbox").fill("ORGANIZATION 09876");
  await search.getByRole("button", { name: "Search" }).click();
  await expect(page).toHaveURL("/admin/tenants/tenant-00001?q=ORGANIZATION+09876");
  await expect(page.getByRole("region", { name: "Organizations" }).locator("li")).toHaveText([/org-09876/]);
  await expect(search.getByRole("searchbox")).toHaveValue("ORGANIZATION 09876");
}

/** The file that a link exports has this many lines. */
async function expectLines(page: Page, link: string, count: number, testInfo: TestInfo): Promise<void> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).click()]);
  const path = testInfo.outputPath(file.suggestedFilename());
  await file.saveAs(path);
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  expect(lines.length, `${link} of ${page.url()}`).toBe(count);
}
