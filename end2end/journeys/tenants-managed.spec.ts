// Managing tenants. The demo's platform is their master, so these pages show what it has registered; the console's own
// settings can be changed.
import type { Page } from "@playwright/test";
import { expect, expectHydrated, expectInBothThemes, fact, open, plainPage, signInAs, test, title } from "../fixtures.ts";
import { Served } from "../support/served.ts";
import { createSession } from "../support/support-session.ts";
import { userSignsIn } from "../support/user-sessions.ts";

test("tenants are listed, filtered, sorted and exported", async ({ page, demo, signIn }) => {
  await signIn("super_admin");
  await open(page, "/admin/tenants");
  const table = page.getByRole("table", { name: "Tenants" });
  for (const column of ["Tenant", "Status", "Plan", "User sessions", "Region", "Created"]) {
    await expect(table.getByRole("columnheader", { name: column })).toBeVisible();
  }
  await expect(page.getByText("The platform manages tenants.")).toBeVisible();
  await expect(page.getByRole("link", { name: "New tenant" })).toHaveCount(0);
  await page.getByRole("combobox", { name: "Status" }).selectOption("trial");
  await expect(page).toHaveURL(/status=trial/);
  await expect(table.locator("tbody tr").first().getByText("Trial")).toBeVisible();
  await table.getByRole("columnheader", { name: "Created" }).getByRole("button").click();
  await expect(page).toHaveURL(/status=trial&sort=created/);
  const users = table.getByRole("columnheader", { name: "User sessions" });
  await users.getByRole("button").click();
  await expect(page).toHaveURL(/status=trial&sort=user_sessions$/);
  await expect(users).toHaveAttribute("aria-sort", "descending");
  const counts = await table.locator("td[data-label='User sessions']").allInnerTexts();
  const numbers = counts.map((count) => Number(count.replace(",", "")));
  expect(numbers).toEqual(numbers.toSorted((a, b) => b - a));
  const href = await page.getByRole("link", { name: "Export CSV" }).getAttribute("href");
  expect(href).toBe("/export/tenants?format=csv&status=trial");
  const tenant = await demo.tenant("healthy");
  await open(page, `/admin/tenants?q=${tenant.id}`);
  await table.getByRole("link").first().click();
  await expect(page).toHaveURL(`/admin/tenants/${tenant.id}`);
  const organizations = page.getByRole("region", { name: "Organizations" });
  await expect(organizations.getByText(/^\d+ organizations?$/)).toBeVisible();
  await expect(organizations.getByText("platform", { exact: true })).toBeVisible();
});

test("tenants are found by plan, region and when they were created, and the address says so", async ({ page, demo, signIn }) => {
  const old = await demo.registerTenant("Findable Then", { plan: "Team", region: "eu-north", created_at: "2020-02-03T04:05:06Z" });
  await demo.registerTenant("Findable Now", { plan: "Starter", region: "us-east" });
  await signIn("super_admin");
  await open(page, "/admin/tenants?q=findable");
  const rows = page.getByRole("table", { name: "Tenants" }).locator("tbody tr");
  await expect(rows).toHaveCount(2);
  for (const [filter, choice, query, found] of [
    ["Plan", "Starter", "plan=Starter", /^Findable Now/],
    ["Region", "eu-north", "region=eu-north", /^Findable Then/],
    ["Created", "Last 7 days", "created=7d", /^Findable Now/],
  ] as const) {
    const box = page.getByRole("combobox", { name: filter });
    await box.selectOption(choice);
    await expect(page).toHaveURL(`/admin/tenants?q=findable&${query}`);
    await expect(rows).toHaveText([found]);
    await box.selectOption("");
    await expect(page).toHaveURL("/admin/tenants?q=findable");
    await expect(rows).toHaveCount(2);
  }
  const row = rows.filter({ hasText: "Findable Then" });
  await expect(row.getByRole("rowheader")).toContainText(old.slug);
  await expect(row.getByRole("cell")).toHaveText(["Active", "Team", "0", "eu-north", "2020-02-03"]);
});

test("a super admin lets support only read in a tenant, and a writing session ends", async ({ page, demo, signIn }) => {
  await signIn("super_admin");
  const tenant = await demo.tenant("healthy");
  const { token } = await createSession(page, tenant.id, { scopes: ["attestations:write"] });
  const headers = { "content-type": "application/json" };
  const body = '{"subject":"Ada Example","kind":"degree"}';
  const write = async () => (await demo.request(token, "/v1/attestations", { method: "POST", headers, body })).status;
  expect(await write()).toBe(201);
  await open(page, `/admin/tenants/${tenant.id}`);
  const settings = page.getByRole("region", { name: "Settings" });
  await settings.getByRole("link", { name: "Change settings" }).click();
  await page.getByLabel("Support may change data").uncheck();
  await page.getByLabel("Warning from this error rate (%)").fill("200");
  await page.getByLabel("Reason").fill("short");
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByLabel("Warning from this error rate (%)")).toHaveAttribute("aria-invalid", "true");
  await expectInBothThemes(page, "settings of a tenant with a mistake");
  await expect(page.getByLabel("Support may change data")).not.toBeChecked();
  await page.getByLabel("Warning from this error rate (%)").fill("7.5");
  await page.getByLabel("Reason").fill("The tenant asked for it in writing");
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(page.getByText(/^Settings of .* saved\. \d+ support sessions? revoked\./)).toBeVisible();
  expect(await write()).toBe(401);
  await expect(settings).toContainText("Only read");
  await expect(settings).toContainText("7.5 %");
  await page.getByRole("link", { name: "View audit event" }).click();
  await expect(page.getByText("The tenant asked for it in writing").first()).toBeVisible();
  await open(page, `/admin/tenants/${tenant.id}/settings`);
  await page.getByLabel("Support may change data").check();
  await page.getByLabel("Reason").fill("The incident is over again");
  await page.getByRole("button", { name: "Save settings" }).click();
  await expect(settings).toContainText("Read and change data");
});

test("of two people at a tenant's page, one sees what the other saves, and who signs in", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const tenant = await demo.registerTenant("Seen Twice");
  await open(page, `/admin/tenants/${tenant.id}`);
  const other = await another(await demo.addStaff("Bo Lind", "super_admin"));
  await warnFrom(other, tenant.id, "7.5");
  await expect(fact(page.getByRole("region", { name: "Settings" }), "Warning from")).toHaveText("7.5 %");

  const change = page.getByRole("link", { name: "Change settings" });
  await change.focus();
  await userSignsIn(demo, tenant, "ines");
  const users = fact(page.getByRole("region", { name: "Lifecycle" }), "Users");
  await expect(users).toHaveText("1 active user session");
  await expect(change).toBeFocused();
  await open(other, `/admin/tenants?q=${tenant.id}`);
  const row = other.getByRole("table", { name: "Tenants" }).locator("tbody tr");
  await expect(row.locator("td[data-label='User sessions']")).toHaveText("1");
  await userSignsIn(demo, tenant, "otto");
  await expect(row.locator("td[data-label='User sessions']")).toHaveText("2");
  await expect(users).toHaveText("2 active user sessions");
});

test("what is typed into the search of organizations stays when someone else changes the tenant", async ({ page, demo, signIn, another }) => {
  await signIn("super_admin");
  const tenant = await demo.registerTenant("Typed Meanwhile");
  await open(page, `/admin/tenants/${tenant.id}?q=north`);
  await expectHydrated(page);
  const search = page.getByRole("region", { name: "Organizations" }).getByRole("searchbox");
  await expect(search).toHaveValue("north");
  await search.fill("south");
  await warnFrom(await another(await demo.addStaff("Bo Lind", "super_admin")), tenant.id, "7.5");
  await expect(fact(page.getByRole("region", { name: "Settings" }), "Warning from")).toHaveText("7.5 %");
  await expect(search).toHaveValue("south");
  await expect(search).toBeFocused();
});

test("a support admin sees tenants and can change nothing", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const tenant = await demo.tenant("healthy");
  await open(page, `/admin/tenants/${tenant.id}`);
  await expect(page.getByRole("link", { name: "Change settings" })).toHaveCount(0);
  await open(page, `/admin/tenants/${tenant.id}/settings`);
  await expect(page.getByText("You can’t change settings. Ask a super admin.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Save settings" })).toHaveCount(0);
});

/** Changes a setting of a tenant. */
async function warnFrom(page: Page, id: string, percent: string): Promise<void> {
  await open(page, `/admin/tenants/${id}/settings`);
  await page.getByLabel("Warning from this error rate (%)").fill(percent);
  await page.getByLabel("Reason").fill("The tenant asked for it in writing");
  await page.getByRole("button", { name: "Save settings" }).click();
}

const withLink = test.extend<{ served: Served }>({
  served: async ({}, use, testInfo) => {
    const url = 'console.manage_tenant_url = "https://admin.example.com/tenants/{tenant_id}"';
    const served = await Served.start("http://127.0.0.1:1", [url]);
    await use(served);
    await testInfo.attach("serve.log", { path: served.log, contentType: "text/plain" });
    await served.stop();
  },
  baseURL: async ({ served }, use) => use(served.console),
});

/** The page of a tenant that is managed at this address. */
async function expectManagedThere(page: Page, address: string): Promise<void> {
  const tenant = page.getByRole("region", { name: "Tenant", exact: true });
  for (const value of ["Name", "Slug", "Type", "Country", "Plan", "Region", "Contact", "Created"]) {
    await expect(fact(tenant, value).getByText("platform", { exact: true }), value).toBeVisible();
  }
  const lifecycle = page.getByRole("region", { name: "Lifecycle" });
  await expect(fact(lifecycle, "Status").getByText("platform", { exact: true })).toBeVisible();
  const settings = page.getByRole("region", { name: "Settings" });
  await expect(settings.getByText("platform", { exact: true }), "the console's own").toHaveCount(0);
  await expect(settings.getByRole("link", { name: "Change settings" })).toBeVisible();
  for (const act of ["Edit", "Suspend", "New organization"]) {
    await expect(page.getByRole("main").getByRole("link", { name: act, exact: true }), act).toHaveCount(0);
  }
  await expect(page.getByRole("link", { name: "Manage tenant on the platform" })).toHaveAttribute("href", address);
}

withLink("where the platform is the master, its values say so and pages lead to it", async ({ page, served, browser }) => {
  await served.usePlatformKey();
  const { id, name } = await served.registerTenant("Lumen Health");
  const there = `https://admin.example.com/tenants/${id}`;
  const ana = await served.addStaff("Ana Silva", "super_admin");
  await signInAs(page, ana);
  await open(page, `/admin/tenants/${id}`);
  await expectManagedThere(page, there);
  await expectInBothThemes(page, "tenant that the platform manages");

  await page.getByRole("link", { name: "Health and support" }).click();
  await expect(page).toHaveURL(`/support/tenants/${id}`);
  await expect(title(page)).toHaveText(name);
  const acts = page.getByRole("group", { name: "Support Actions" });
  await expect(acts.getByRole("link", { name: "Manage tenant", exact: true })).toHaveAttribute("href", there);
  await acts.getByRole("link", { name: "Plan and settings" }).click();
  await expect(page).toHaveURL(`/admin/tenants/${id}`);

  const plain = await plainPage(browser, served.console, ana);
  await plain.goto(`/admin/tenants/${id}`);
  await expectManagedThere(plain, there);
  await plain.context().close();
});
