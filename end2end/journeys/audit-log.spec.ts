import { readFile, writeFile } from "node:fs/promises";
import type { Page, TestInfo } from "@playwright/test";
import { expect, fact, open, test, title } from "../fixtures.ts";
import { createSession } from "../support/support-session.ts";

test.beforeEach(async ({ page, demo, signIn }) => {
  await signIn("super_admin");
  const { id, token } = await createSession(page, (await demo.tenant("healthy")).id, { minutes: 1 });
  await demo.request(token, "/v1/whoami");
  await page.request.post(`/forms/support-sessions/${id}/revoke`, {
    form: { reason: "=1+1 is no formula" },
    headers: { origin: demo.console },
  });
  await open(page, "/audit");
});

test("the log is filtered by category, and an event has a page of its own", async ({ page }) => {
  const rows = page.getByRole("table", { name: "Audit events" }).locator("tbody tr");
  const category = page.getByRole("combobox", { name: "Category" });
  await expect(category.locator("option")).toHaveText(["Any", "Support sessions", "User sessions", "Tenants", "Staff", "API keys", "System"]);
  await category.selectOption("Support sessions");
  await expect(page).toHaveURL("/audit?category=support_session");
  await expect(page.getByRole("list", { name: "Active filters" })).toContainText("Category: Support sessions");
  await expect(rows.first()).toContainText(/Staff member|Support Console/);
  await expect(rows.first().locator("time")).toHaveText(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC/);
  await expect(rows.first()).toContainText("Support session");
  await expect(rows.filter({ hasNotText: "support_session." })).toHaveCount(0);
  await page.getByLabel("Action").fill("support_session.revoked");
  await expect(page).toHaveURL(/action=support_session.revoked/);
  await expect(rows.filter({ hasNotText: "support_session.revoked" })).toHaveCount(0);

  await rows.first().getByRole("link", { name: /^Support session revoked/ }).click();
  await expect(title(page)).toHaveText(/^Support session revoked/);
  await expect(page).toHaveTitle(/^Support session revoked: .* \(tenant:.* \d+\)/);
  await expect(page.getByRole("region", { name: "Metadata" })).toContainText("=1+1 is no formula");
  const happened = page.getByRole("region", { name: "What happened" });
  await expect(fact(happened, "Category")).toHaveText("Support sessions");
  await expect(fact(happened, "Resource")).toContainText("Support session ");
  await expect(fact(happened, "Actor")).toContainText("Staff member");
  await page.getByRole("link", { name: "View session", exact: true }).click();
  await expect(title(page)).toHaveText(/ in /);
});

test("an instant to the microsecond and a page size stay when another filter is chosen", async ({ page }) => {
  const from = "2026-01-01T12:00:00.123456";
  await open(page, `/audit?from=${from}Z&action=support_session.*&limit=20`);
  await expect(page.getByLabel("From")).toHaveValue(/^2026-01-01T/);
  await page.getByRole("combobox", { name: "Outcome" }).selectOption({ index: 1 });
  await expect(page).toHaveURL(/outcome=/);
  await expect(page).toHaveURL(/from=2026-01-01T12%3A00%3A00\.123456.*limit=20/);
  const exported = page.getByRole("link", { name: "Export CSV" });
  await expect(exported).toHaveAttribute("href", /from=2026-01-01T12%3A00%3A00\.123456/);
});

test("an export in JSON Lines is proved to be whole, and one changed byte is named", async ({
  page,
  demo,
}, testInfo) => {
  const file = await download(page, "Export JSON Lines", testInfo);
  const sound = await demo.command(["audit", "verify", "--file", file]);
  expect(sound.code, sound.output).toBe(0);

  const lines = await readFile(file, "utf8");
  const edited = testInfo.outputPath("edited.jsonl");
  await writeFile(edited, lines.replace("Invoices fail", "Invoices fall"));
  const broken = await demo.command(["audit", "verify", "--file", edited]);
  expect(broken.code).toBe(1);
  const event = lines.split("\n").find((line) => line.includes("Invoices fail")) ?? "{}";
  expect(broken.output).toContain(`${JSON.parse(event).seq}`);
});

test("an export that Windows has saved is sound, and a table is named in one line", async ({ page, demo }, testInfo) => {
  const lines = await readFile(await download(page, "Export JSON Lines", testInfo), "utf8");
  const saved: Record<string, Buffer> = {
    "UTF-8 with a mark": Buffer.from(`\ufeff${lines}`),
    "UTF-16LE": Buffer.from(`\ufeff${lines}`, "utf16le"),
  };
  for (const [how, content] of Object.entries(saved)) {
    const file = testInfo.outputPath("saved.jsonl");
    await writeFile(file, content);
    const sound = await demo.command(["audit", "verify", "--file", file]);
    expect(sound.code, `${how}: ${sound.output}`).toBe(0);
  }
  const table = await demo.command(["audit", "verify", "--file", await download(page, "Export CSV", testInfo)]);
  expect(table.code, table.output).toBe(2);
  expect(table.output.trimEnd()).toMatch(/^support-console: .*the file is a table \(CSV\), which is for reading.*$/);
});

test("the store itself is proved to be whole", async ({ demo }) => {
  const { code, output } = await demo.command(["audit", "verify"]);
  expect(code, output).toBe(0);
});

test("an export as CSV holds what is filtered, and no formula", async ({ page }, testInfo) => {
  await page.getByRole("combobox", { name: "Category" }).selectOption("support_session");
  await expect(page.getByRole("link", { name: "Export CSV" })).toHaveAttribute("href", /category=support_session/);
  const csv = await readFile(await download(page, "Export CSV", testInfo), "utf8");
  const [head, ...rows] = csv.trimEnd().split("\r\n");
  expect(head).toContain("action");
  expect(rows.length).toBeGreaterThan(2);
  for (const row of rows) expect(row).toContain("support_session");
  expect(rows[0], "an instant in UTC").toMatch(/,\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z,/);
  expect(csv).not.toMatch(/(^|,|\n)"?[=+@]/);
  expect(csv.charCodeAt(0)).not.toBe(0xfeff);
  const excel = await readFile(await download(page, "CSV for Excel", testInfo), "utf8");
  expect(excel.slice(0, 7)).toBe("\ufeffchain,");
});

test("no separator of the table makes a formula of what a stranger sent", async ({ page, demo, request }, testInfo) => {
  const refused = await request.post("/forms/sign-in", {
    form: { email: "nobody@demo.example", password: "not a password" },
    headers: { origin: demo.console, "user-agent": "x;=1+1;y" },
  });
  expect(await refused.text()).toContain("The e-mail address or the password is wrong.");
  await open(page, "/audit?action=staff.sign_in_failed");
  const csv = await readFile(await download(page, "Export CSV", testInfo), "utf8");
  expect(csv).toContain("x;'=1+1;y");
  const formulas = csv.split(/[,;\t\r\n]/).filter((part) => /^[\s"]*[=+\-@]/.test(part));
  expect(formulas).toEqual([]);
});

test("an export is an event itself", async ({ page }, testInfo) => {
  await download(page, "Export JSON Lines", testInfo);
  await page.reload();
  await expect(page.getByRole("table", { name: "Audit events" }).locator("tbody tr").first()).toContainText("export");
});

test("a filter that can't be read says so at its field", async ({ page }) => {
  const answer = await page.goto("/audit?from=yesterday&category=support_session");
  expect(answer?.status()).toBe(422);
  await expect(page.getByLabel("From")).toHaveAttribute("aria-invalid", "true");
  await expect(page.getByRole("combobox", { name: "Category" })).toHaveValue("support_session");
});

test("a support admin sees the tenants' events, but not the system's", async ({ demo, another }) => {
  const page = await another(await demo.addStaff("Ida Brandt", "support_admin"));
  await open(page, "/audit?category=staff");
  await expect(page.getByRole("heading", { name: "No matching events" })).toBeVisible();
  await open(page, "/audit?category=support_session");
  await expect(page.getByRole("table", { name: "Audit events" })).toBeVisible();
});

async function download(page: Page, link: string, testInfo: TestInfo): Promise<string> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).click()]);
  const path = testInfo.outputPath(file.suggestedFilename());
  await file.saveAs(path);
  return path;
}
