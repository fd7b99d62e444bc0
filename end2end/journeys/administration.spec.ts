// Administration in the browser, with and without JavaScript: API keys, settings and permissions.
import type { Locator, Page } from "@playwright/test";
import { expect, expectInBothThemes, fact, fillSignIn, open, test, title } from "../fixtures.ts";
import type { Demo } from "../support/demo.ts";

/** The status of the REST API's answer to a request with this key, which has its own limit. */
async function status(page: Page, demo: Demo, key: string): Promise<number> {
  const answer = await page.request.get(`${demo.console}/api/v1/tenants`, { headers: { "x-api-key": key } });
  expect(answer.headers()["ratelimit-policy"] ?? "").toBe(answer.ok() ? '"requests";q=1200;w=60' : "");
  return answer.status();
}

async function secretIn(dialog: Locator): Promise<string> {
  const secret = dialog.getByText(/^scpk_/);
  await expect(secret).toBeVisible();
  return (await secret.innerText()).trim();
}

/** A key with two secrets that both work. */
interface Rotated {
  path: string;
  secrets: [string, string];
  /** When the key was made, in milliseconds. */
  made: number;
}

/** Leaves the page at the key. `check` looks at the dialogs with a mistake named and with a new secret. */
async function makeAndRotate(page: Page, demo: Demo, check?: typeof expectInBothThemes): Promise<Rotated> {
  await page.getByRole("link", { name: "API keys" }).click();
  await page.getByRole("link", { name: "Create API key" }).first().click();
  const create = page.getByRole("dialog", { name: "Create API key" });
  await create.getByLabel("Allowed addresses").fill("203.0.113.9/24");
  await create.getByLabel("Name").fill("Invoices");
  await create.getByLabel("Requests per minute").fill("1200");
  await create.getByLabel("Expires after (days)").fill("30");
  const reads = /Read tenants, health, support sessions, access logs and audit logs\./;
  await expect(create.getByRole("checkbox", { name: reads })).toBeChecked();
  const registers = /Register tenants, organizations and user sessions\. Only for keys of your platform\./;
  await create.getByRole("checkbox", { name: registers }).check();
  await create.getByRole("button", { name: "Create API key" }).click();
  const addresses = create.getByLabel("Allowed addresses");
  await expect(addresses).toHaveAccessibleDescription(/Write 203\.0\.113\.0\/24/);
  await expect(create.getByLabel("Name")).toHaveValue("Invoices");
  await check?.(page, "create API key with a mistake");
  await addresses.fill("127.0.0.1, ::1");
  await create.getByRole("button", { name: "Create API key" }).click();
  const created = page.getByRole("dialog", { name: "API key created" });
  const first = await secretIn(created);
  await check?.(page, "API key created");
  const view = created.getByRole("link", { name: "View key" });
  const path = (await view.getAttribute("href")) ?? "";
  await view.click();
  await expect(title(page)).toHaveText("Invoices");
  expect(await page.content()).not.toContain(first);
  const use = page.getByRole("region", { name: "Use" });
  await expect(fact(use, "Last used")).toContainText("Never used");
  await expect(fact(use, "Created by")).toHaveText("Ida Brandt");
  const [made, expires] = [await instant(fact(use, "Created")), await instant(fact(use, "Expires"))];
  expect(expires - made, "milliseconds").toBe(30 * 86_400_000);
  const limit = fact(page.getByRole("region", { name: "Permissions" }), "Limit");
  await expect(limit).toHaveText("1,200 requests per minute for reading, and as many for reporting, on each node");
  expect(await status(page, demo, first)).toBe(200);
  await page.reload();
  await expect(fact(use, "Last used")).toContainText("127.0.0.1");

  await page.getByRole("link", { name: "Rotate" }).click();
  const rotate = page.getByRole("dialog", { name: "Rotate API key" });
  const overlap = rotate.getByLabel("Overlap (hours)");
  await overlap.fill("721");
  await rotate.getByRole("button", { name: "Rotate API key" }).click();
  await expect(overlap).toHaveAttribute("aria-invalid", "true");
  await check?.(page, "rotate API key with a mistake");
  await overlap.fill("1");
  await rotate.getByRole("button", { name: "Rotate API key" }).click();
  const rotated = page.getByRole("dialog", { name: "API key rotated" });
  const second = await secretIn(rotated);
  await check?.(page, "API key rotated");
  expect(second).not.toBe(first);
  await rotated.getByRole("link", { name: "View key" }).click();
  await expect(fact(use, "Previous secret")).toContainText("Works until");
  expect([await status(page, demo, first), await status(page, demo, second)]).toEqual([200, 200]);
  return { path, secrets: [first, second], made };
}

/** Revokes the key on its page, and finds it in the list. */
async function revoke(page: Page, demo: Demo, { path, secrets: [first, second], made }: Rotated): Promise<void> {
  await page.getByRole("link", { name: "Revoke", exact: true }).click();
  const dialog = page.getByRole("alertdialog", { name: "Revoke Invoices" });
  await dialog.getByRole("button", { name: "Revoke API key" }).click();
  await expect(page.getByText("API key Invoices revoked.")).toBeVisible();
  await expect(page.getByRole("main").getByText("Revoked", { exact: true }).first()).toBeVisible();
  expect([await status(page, demo, first), await status(page, demo, second)]).toEqual([401, 401]);

  await page.getByRole("navigation", { name: "Breadcrumb" }).getByRole("link", { name: "API keys" }).click();
  const row = page.getByRole("table", { name: "API keys" }).locator("tbody tr").filter({ has: page.locator(`a[href="${path}"]`) });
  await expect(row.locator("td[data-label=Rights] code")).toHaveText(["read", "tenants:write"]);
  await expect(row.locator("td[data-label='Created by']")).toHaveText("Ida Brandt");
  const used = row.locator("td[data-label='Last used']");
  await expect(used).toHaveText(/(just now|ago)\s*127\.0\.0\.1/);
  expect(await instant(used), "milliseconds").toBeGreaterThanOrEqual(made);
}

/** The instant in a fact or a cell, in milliseconds. */
async function instant(within: Locator): Promise<number> {
  return Date.parse((await within.locator("time").getAttribute("datetime")) ?? "");
}

test("a key is made, shown once, rotated with an overlap and revoked", async ({ page, demo, signIn, another }) => {
  await signIn(await demo.addStaff("Ida Brandt", "super_admin"));
  const other = await another("super_admin");
  await open(other, "/admin/api-keys");
  const key = await makeAndRotate(page, demo, expectInBothThemes);
  // Another's list and page follow.
  await other.getByRole("table", { name: "API keys" }).locator(`a[href="${key.path}"]`).click();
  await expect(title(other)).toHaveText("Invoices");
  await revoke(page, demo, key);
  await expect(fact(other.getByRole("region", { name: "Use" }), "Revoked").locator("time")).toBeVisible();
  await expect(other.getByRole("link", { name: "Revoke", exact: true })).toHaveCount(0);
});

/** Finds the demo's key by its name and state. `apply` sends the filter where it isn't sent as it is filled in. */
async function findKey(page: Page, apply: () => Promise<void>): Promise<void> {
  const rows = page.getByRole("table", { name: "API keys" }).locator("tbody tr");
  const search = page.getByRole("searchbox", { name: "Search by name or ID" });
  const state = page.getByRole("combobox", { name: "State" });
  await search.fill("SAMPLE plat");
  await state.selectOption("Active");
  await apply();
  await expect(page).toHaveURL(/\?q=SAMPLE(%20|\+)plat&state=active/);
  await expect(rows).toHaveText([/^Sample platform/]);
  await state.selectOption("Revoked");
  await apply();
  await expect(page.getByRole("heading", { name: "No matching API keys" })).toBeVisible();
  await expect(search).toHaveValue("SAMPLE plat");
  await expect(state).toHaveValue("revoked");
  await page.getByRole("link", { name: "Clear filters" }).click();
  await expect(page).toHaveURL("/admin/api-keys");
  await expect(search).toHaveValue("");
  await expect(rows.filter({ hasText: "Sample platform" })).toHaveCount(1);
}

test("a key is found by name and state, and the address keeps both", async ({ page, signIn }) => {
  await signIn("super_admin");
  await open(page, "/admin/api-keys");
  await findKey(page, async () => {});
});

test("a support admin sees no keys and is told which role that needs", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Teo Salas", "support_admin"));
  await expect(page.getByRole("link", { name: "API keys" })).toHaveCount(0);
  for (const path of ["/admin/api-keys", "/admin/api-keys/create"]) {
    const answer = await page.goto(path);
    expect(answer?.status()).toBe(403);
    await expect(page.getByText("You need the role super_admin for this.").first()).toBeVisible();
  }
});

test("settings say where values come from, and what other thresholds would change", async ({ page, signIn }) => {
  await signIn("super_admin");
  await page.getByRole("link", { name: "Settings" }).click();
  await tryThresholds(page);
});

test("the permissions mark one's own column", async ({ page, signIn, another }) => {
  await signIn("support_admin");
  await open(page, "/support/help");
  await page.getByRole("link", { name: "Permissions" }).click();
  await expectOwnColumn(page, "Support admin", "No");
  const admin = await another("super_admin");
  await open(admin, "/support/permissions");
  await expectOwnColumn(admin, "Super admin", "Yes");
});

async function tryThresholds(page: Page): Promise<void> {
  await expect(title(page)).toHaveText("Settings");
  await expect(page.getByText(/^Read only\. They are set in the configuration file/)).toBeVisible();
  const keys = page.getByRole("table", { name: "Configuration" }).locator("tbody tr");
  await expect(keys.filter({ hasText: "gateway.tenant_binding" })).toContainText("identity");
  await expect(keys.filter({ hasText: "limits.exports_per_hour" })).toContainText("Default");
  const program = page.getByRole("region", { name: "Program" });
  await expect(fact(program, "Licence")).toHaveText("MIT OR Apache-2.0");
  const version = await fact(program, "Version").innerText();
  expect(version).toMatch(/^\d+\.\d+\.\d+/);
  const node = page.getByRole("table", { name: "Nodes" }).locator("tbody tr").first();
  await expect(node).toContainText("Serving");
  await expect(node.locator("td[data-label=Version]")).toHaveText(version);
  await expect(node.locator("td[data-label=Lease]")).toHaveText("The only node (SQLite)");
  await expect(fact(page.getByRole("region", { name: "Data store" }), "Engine")).toHaveText("SQLite");
  const thresholds = page.getByRole("region", { name: "Health thresholds" });
  await thresholds.getByLabel("Critical from (% errors)").fill("100");
  await thresholds.getByRole("button", { name: "Preview" }).click();
  await expect(thresholds.getByText(/tenants? of [\d,]+ tenants would change\./)).toBeVisible();
  await thresholds.getByLabel("Critical from (% errors)").fill("many");
  await thresholds.getByRole("button", { name: "Preview" }).click();
  await expect(thresholds.getByLabel("Critical from (% errors)")).toHaveAccessibleDescription(/between 0 and 100/);
  await thresholds.getByRole("link", { name: "Reset" }).click();
  await expect(thresholds.getByLabel("Critical from (% errors)")).toHaveValue("20");
}

/** The column of the role is marked, with the answer for an act that the roles differ in. */
async function expectOwnColumn(page: Page, role: string, answer: string): Promise<void> {
  await expect(title(page)).toHaveText("Permissions");
  const table = page.getByRole("table", { name: "Who may do what" });
  await expect(table.getByRole("columnheader").filter({ hasText: "You" })).toHaveText(`${role} You`);
  const revoke = table.locator("tr", { hasText: "Revoke another’s support session" });
  await expect(revoke.getByRole("cell")).toHaveText(["No", "Yes", "No", "No", "No", "Yes"]);
  await expect(revoke.locator("td.own")).toHaveText(answer);
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("settings and permissions are read, and thresholds are tried", async ({ page, demo }) => {
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Ida Brandt", "super_admin"));
    await page.goto("/admin/settings");
    await tryThresholds(page);
    await page.goto("/support/permissions");
    await expectOwnColumn(page, "Super admin", "Yes");
    await page.context().clearCookies();
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Teo Salas", "support_admin"));
    await page.goto("/support/permissions");
    await expectOwnColumn(page, "Support admin", "No");
  });

  test("a key is made, shown once, rotated with an overlap and revoked", async ({ page, demo }) => {
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Ida Brandt", "super_admin"));
    await revoke(page, demo, await makeAndRotate(page, demo));
  });

  test("a key is found by name and state, and the address keeps both", async ({ page, demo }) => {
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Ida Brandt", "super_admin"));
    await page.goto("/admin/api-keys");
    await findKey(page, () => page.getByRole("button", { name: "Apply" }).click());
  });
});
