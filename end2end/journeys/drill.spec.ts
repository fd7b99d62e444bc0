// What people look for in an incident, and with how few clicks they find it.
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { expect, open, test, title } from "../fixtures.ts";
import { createSession } from "../support/support-session.ts";

/** Counts what a person has to do. Typing into a field that is already there is one act. */
class Hand {
  acts = 0;
  async click(what: Locator): Promise<void> {
    this.acts += 1;
    await what.click();
  }
  async type(what: Locator, text: string): Promise<void> {
    this.acts += 1;
    await what.fill(text);
  }
  async press(page: Page, key: string): Promise<void> {
    this.acts += 1;
    await page.keyboard.press(key);
  }
}

const sessions = (page: Page) => page.getByRole("table", { name: "Support sessions" }).locator("tbody tr");
const events = (page: Page) => page.getByRole("table", { name: "Audit events" }).locator("tbody tr");

test("every support session of one staff member last week: one filter, one address", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Noor Haddad", "support_admin"));
  const { id } = await createSession(page, (await demo.tenant("warning")).id);
  await open(page, "/support/sessions");
  const hand = new Hand();
  await hand.click(page.getByRole("link", { name: "7 days", exact: true }));
  await hand.click(page.getByLabel("Staff member"));
  await page.getByLabel("Staff member").selectOption({ label: "Noor Haddad" });
  await expect(page).toHaveURL(/staff=.*time=last-7-days/);
  await expect(sessions(page).filter({ hasNotText: "Noor Haddad" })).toHaveCount(0);
  await expect(sessions(page).filter({ has: page.locator(`a[href="/support/sessions/${id}"]`) })).toHaveCount(1);
  expect(hand.acts).toBeLessThanOrEqual(2);
  await expect(page.getByRole("list", { name: "Active filters" })).toContainText("Staff member: Noor Haddad");
  await open(page, page.url().replace(demo.console, ""));
  await expect(page.getByLabel("Staff member").locator("option:checked")).toHaveText("Noor Haddad");
});

test("who was in this tenant's data at that moment: the tenant by name, the moment in one's own zone", async ({ page, session }) => {
  await open(page, "/support/sessions");
  const hand = new Hand();
  await hand.type(page.getByRole("combobox", { name: "Tenant" }), session.tenant.name.slice(0, 4).toLowerCase());
  const option = page.getByRole("option", { name: new RegExp(session.tenant.name) });
  await hand.click(option);
  await expect(page).toHaveURL(new RegExp(`tenant=${session.tenant.id}`));
  await expect(page.getByRole("combobox", { name: "Tenant" })).toHaveValue(session.tenant.name);
  const now = await page.evaluate(() => {
    const local = new Date(Date.now() - new Date().getTimezoneOffset() * 60_000);
    return local.toISOString().slice(0, 19);
  });
  await hand.type(page.getByLabel("Active at"), now);
  await expect(page).toHaveURL(/active_at=/);
  await expect(sessions(page).filter({ hasNotText: session.tenant.name })).toHaveCount(0);
  const own = sessions(page).filter({ has: page.locator(`a[href="/support/sessions/${session.id}"]`) });
  await expect(own).toHaveCount(1);
  await expect(own).toContainText("Ida Brandt");
  expect(hand.acts).toBeLessThanOrEqual(3);
});

test("an audit event by the request ID that stands on an error: paste it", async ({ page, demo, session }) => {
  const refused = await demo.request(session.token, "/v1/attestations", { method: "POST" });
  expect(refused.status).toBe(403);
  const id = refused.headers.get("x-request-id") ?? "";
  await open(page, "/audit");
  const hand = new Hand();
  await hand.type(page.getByLabel("Request ID"), ` ${id.toUpperCase()} `);
  await expect(events(page)).toHaveCount(1);
  await expect(events(page)).toContainText("Request refused: POST /v1/attestations · 403");
  await hand.click(events(page).getByRole("link", { name: "Request", exact: true }));
  await expect(page).toHaveURL(`/support/requests/${id}`);
  await expect(title(page)).toHaveText("POST /v1/attestations");
  await expect(page).toHaveTitle(new RegExp(session.tenant.name));
  await expect(page.getByRole("region", { name: "Support session", exact: true })).toContainText("Ida Brandt");
  expect(hand.acts).toBeLessThanOrEqual(2);
});

test("last month's support activity as CSV: a preset and one click", async ({ page, session }, testInfo) => {
  await open(page, "/audit");
  const hand = new Hand();
  await hand.click(page.getByRole("link", { name: "Last month", exact: true }));
  await expect(page).toHaveURL(/time=last-month/);
  const link = page.getByRole("link", { name: "Support activity (CSV)" });
  await expect(link).toHaveAttribute("href", /time=last-month/);
  const [file] = await Promise.all([page.waitForEvent("download"), hand.click(link)]);
  expect(file.suggestedFilename()).toMatch(/^support-activity-last-month-.*\.csv$/);
  const path = testInfo.outputPath(file.suggestedFilename());
  await file.saveAs(path);
  expect(await readFile(path, "utf8")).toMatch(/^Time,Tenant,Tenant ID,Who,What,/);
  expect(hand.acts).toBeLessThanOrEqual(2);
  expect(session.id).toBeTruthy();
});

test("the combobox is driven by the keyboard, and an old answer never replaces a newer one", async ({ page, demo, session }) => {
  await open(page, "/audit");
  let first = true;
  await page.route("**/_fn/suggest_tenants", async (route) => {
    if (first) {
      first = false;
      await new Promise((done) => setTimeout(done, 1_500));
    }
    await route.continue().catch(() => undefined);
  });
  const field = page.getByRole("combobox", { name: "Tenant" });
  await field.pressSequentially("zz", { delay: 10 });
  await expect.poll(() => first).toBe(false);
  await field.fill(session.tenant.name);
  const list = page.getByRole("listbox", { name: "Tenants" });
  await expect(list.getByRole("option")).toContainText([session.tenant.name]);
  await page.waitForResponse("**/_fn/suggest_tenants");
  await expect(list.getByRole("option")).toContainText([session.tenant.name]);
  await field.press("ArrowDown");
  await expect(list.getByRole("option", { selected: true })).toContainText(session.tenant.name);
  await field.press("Enter");
  await expect(page).toHaveURL(`/audit?tenant=${session.tenant.id}`);
  await expect(list).toBeHidden();
  await expect(field).toBeFocused();
  await expect(events(page).filter({ hasNotText: session.tenant.id })).toHaveCount(0);
  await page.getByRole("list", { name: "Active filters" }).getByRole("link", { name: /^Remove filter Tenant/ }).click();
  await expect(page).toHaveURL("/audit");
  await expect(field).toHaveValue("");
  expect(demo.console).toBeTruthy();
});

test("an answer that arrives while a time is typed takes nothing away", async ({ page, session }) => {
  await open(page, "/support/sessions");
  let answerNow = () => {};
  const typed = new Promise<void>((done) => (answerNow = done));
  await page.route("**/_fn/support_sessions", async (route) => {
    const answer = await route.fetch();
    await typed;
    await route.fulfill({ response: answer });
  });
  await page.getByLabel("Status", { exact: true }).selectOption({ label: "Active" });
  await expect(page).toHaveURL(/status=ACTIVE/);
  await page.getByLabel("Active at").fill("2026-01-02T03:04:05");
  answerNow();
  await expect(page).toHaveURL(/status=ACTIVE.*active_at=2026-01-02T/);
  await expect(page.getByLabel("Active at")).toHaveValue("2026-01-02T03:04:05");
  expect(session.id).toBeTruthy();
});

test("a session that ended before its time says by whom, and the lists sort", async ({ page, demo, session }) => {
  await page.request.post(`/forms/support-sessions/${session.id}/revoke`, {
    form: { reason: "Done for today" },
    headers: { origin: demo.console },
  });
  await open(page, `/support/sessions?tenant=${session.tenant.id}`);
  const row = sessions(page).filter({ has: page.locator(`a[href="/support/sessions/${session.id}"]`) });
  await expect(row).toContainText(/revoked \d\d:\d\d .* by Ida Brandt/);
  await createSession(page, session.tenant.id, { minutes: 1 });
  await open(page, `/support/sessions?tenant=${session.tenant.id}`);
  const first = sessions(page).first().locator("th a");
  const newest = await first.getAttribute("href");
  await page.getByRole("columnheader", { name: "Issued" }).locator("a").click();
  await expect(page).toHaveURL(/dir=asc/);
  await expect(first).not.toHaveAttribute("href", newest ?? "");
});

test("in an incident, chosen sessions are revoked together, and the result says which had ended", async ({ demo, another, session }) => {
  const page = await another("super_admin");
  const second = await createSession(page, session.tenant.id);
  await open(page, `/support/sessions?tenant=${session.tenant.id}&status=ACTIVE`);
  const hand = new Hand();
  for (const id of [session.id, second.id]) {
    const row = sessions(page).filter({ has: page.locator(`a[href="/support/sessions/${id}"]`) });
    await hand.click(row.getByRole("checkbox"));
    if (id === session.id) {
      const all = page.getByRole("checkbox", { name: "Select all active support sessions on this page" });
      await expect(all).toBeChecked({ indeterminate: true });
    }
  }
  await hand.click(page.getByRole("button", { name: "Revoke selected…" }));
  await expect(page).toHaveURL(/revoke-sessions\?id=/);
  const dialog = page.getByRole("alertdialog", { name: "Revoke 2 support sessions" });
  await hand.type(dialog.getByLabel("Reason"), "Laptop lost");
  // One of them ends meanwhile.
  await page.request.post(`/forms/support-sessions/${second.id}/revoke`, {
    form: { reason: "Done" },
    headers: { origin: demo.console },
  });
  await hand.click(dialog.getByRole("button", { name: "Revoke 2 support sessions" }));
  await expect(page.getByText("1 support session revoked. 1 had already ended.")).toBeVisible();
  expect(hand.acts).toBeLessThanOrEqual(5);
  const refused = await demo.request(session.token, "/v1/whoami");
  expect(refused.status).toBe(401);
});

test("a filter is kept under a name, and only its owner sees it", async ({ page, another }) => {
  const owner = await another("super_admin");
  await open(owner, "/audit?category=staff");
  await owner.getByText("Save this view").click();
  await owner.getByLabel("Name of this view").fill("Staff changes");
  await owner.getByRole("button", { name: "Save view" }).click();
  await expect(owner.getByText('View "Staff changes" saved.')).toBeVisible();
  await open(owner, "/audit");
  await owner.getByRole("link", { name: "Staff changes" }).click();
  await expect(owner).toHaveURL("/audit?category=staff");
  await owner.getByText("Save or edit views").click();
  await owner.getByRole("button", { name: "Delete view Staff changes" }).click();
  await expect(owner.getByText("View deleted.")).toBeVisible();
  await expect(owner.getByRole("link", { name: "Staff changes" })).toHaveCount(0);
  expect(page).toBeTruthy();
});
