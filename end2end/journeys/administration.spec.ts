// Administration in the browser, with and without JavaScript: API keys, settings and permissions.
import type { Locator, Page } from "@playwright/test";
import { expect, expectInBothThemes, fact, fillSignIn, open, test, title } from "../fixtures.ts";
import type { Demo } from "../support/demo.ts";

/** Answers of the REST API to a request with this key. */
async function status(page: Page, demo: Demo, key: string): Promise<number> {
  const answer = await page.request.get(`${demo.console}/api/v1/tenants`, { headers: { "x-api-key": key } });
  expect(answer.headers()["ratelimit-policy"] ?? "").toMatch(answer.ok() ? /^"requests";q=\d+;w=60$/ : /^$/);
  return answer.status();
}

async function secretIn(dialog: Locator): Promise<string> {
  const secret = dialog.getByText(/^scpk_/);
  await expect(secret).toBeVisible();
  return (await secret.innerText()).trim();
}

/** `check` looks at the dialog with the new secret. */
async function makeRotateAndRevoke(page: Page, demo: Demo, check?: typeof expectInBothThemes): Promise<void> {
  await page.getByRole("link", { name: "API keys" }).click();
  await page.getByRole("link", { name: "Create API key" }).first().click();
  const create = page.getByRole("dialog", { name: "Create API key" });
  await create.getByLabel("Allowed addresses").fill("203.0.113.9/24");
  await create.getByLabel("Name").fill("Invoices");
  await create.getByRole("button", { name: "Create API key" }).click();
  const addresses = create.getByLabel("Allowed addresses");
  await expect(addresses).toHaveAccessibleDescription(/Write 203\.0\.113\.0\/24/);
  await expect(create.getByLabel("Name")).toHaveValue("Invoices");
  await addresses.fill("127.0.0.1, ::1");
  await create.getByRole("button", { name: "Create API key" }).click();
  const created = page.getByRole("dialog", { name: "API key created" });
  const first = await secretIn(created);
  await check?.(page, "API key created");
  await created.getByRole("link", { name: "View key" }).click();
  await expect(title(page)).toHaveText("Invoices");
  expect(await page.content()).not.toContain(first);
  const use = page.getByRole("region", { name: "Use" });
  await expect(fact(use, "Last used")).toContainText("Never used");
  await expect(fact(use, "Created by")).toHaveText("Ida Brandt");
  expect(await status(page, demo, first)).toBe(200);
  await page.reload();
  await expect(fact(use, "Last used")).toContainText("127.0.0.1");

  await page.getByRole("link", { name: "Rotate" }).click();
  const rotate = page.getByRole("dialog", { name: "Rotate API key" });
  await rotate.getByLabel("Overlap (hours)").fill("1");
  await rotate.getByRole("button", { name: "Rotate API key" }).click();
  const rotated = page.getByRole("dialog", { name: "API key rotated" });
  const second = await secretIn(rotated);
  expect(second).not.toBe(first);
  await rotated.getByRole("link", { name: "View key" }).click();
  await expect(fact(use, "Previous secret")).toContainText("Works until");
  expect([await status(page, demo, first), await status(page, demo, second)]).toEqual([200, 200]);

  await page.getByRole("link", { name: "Revoke", exact: true }).click();
  const revoke = page.getByRole("alertdialog", { name: "Revoke Invoices" });
  await revoke.getByRole("button", { name: "Revoke API key" }).click();
  await expect(page.getByText("API key Invoices revoked.")).toBeVisible();
  await expect(page.getByRole("main").getByText("Revoked", { exact: true }).first()).toBeVisible();
  expect([await status(page, demo, first), await status(page, demo, second)]).toEqual([401, 401]);
}

test("a key is made, shown once, rotated with an overlap and revoked", async ({ page, demo, signIn, another }) => {
  await signIn(await demo.addStaff("Ida Brandt", "super_admin"));
  const other = await another("super_admin");
  await open(other, "/admin/api-keys");
  await makeRotateAndRevoke(page, demo, expectInBothThemes);
  const row = other.getByRole("table", { name: "API keys" }).locator("tbody tr", { hasText: "Invoices" });
  await expect(row, "another's list follows").toContainText("Revoked");
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

test("the permissions mark one's own column", async ({ page, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support/help");
  await page.getByRole("link", { name: "Permissions" }).click();
  await expectOwnColumn(page);
});

async function tryThresholds(page: Page): Promise<void> {
  await expect(title(page)).toHaveText("Settings");
  const keys = page.getByRole("table", { name: "Configuration" }).locator("tbody tr");
  await expect(keys.filter({ hasText: "gateway.tenant_binding" })).toContainText("identity");
  await expect(keys.filter({ hasText: "limits.exports_per_hour" })).toContainText("Default");
  await expect(page.getByRole("table", { name: "Nodes" }).locator("tbody tr").first()).toContainText("Serving");
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

async function expectOwnColumn(page: Page): Promise<void> {
  await expect(title(page)).toHaveText("Permissions");
  const table = page.getByRole("table", { name: "Who may do what" });
  await expect(table.getByRole("columnheader").filter({ hasText: "You" })).toHaveText(/^Support admin/);
  const revoke = table.locator("tr", { hasText: "Revoke another’s support session" }).getByRole("cell");
  await expect(revoke).toHaveText(["No", "Yes", "No", "No", "No", "Yes"]);
}

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("settings and permissions are read, and thresholds are tried", async ({ page, demo }) => {
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Ida Brandt", "super_admin"));
    await page.goto("/admin/settings");
    await tryThresholds(page);
    await page.goto("/sign-in");
    await page.context().clearCookies();
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Teo Salas", "support_admin"));
    await page.goto("/support/permissions");
    await expectOwnColumn(page);
  });

  test("a key is made, shown once, rotated with an overlap and revoked", async ({ page, demo }) => {
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Ida Brandt", "super_admin"));
    await makeRotateAndRevoke(page, demo);
  });

  test("a key is found by name and state, and the address keeps both", async ({ page, demo }) => {
    await page.goto("/sign-in");
    await fillSignIn(page, await demo.addStaff("Ida Brandt", "super_admin"));
    await page.goto("/admin/api-keys");
    await findKey(page, () => page.getByRole("button", { name: "Apply" }).click());
  });
});
