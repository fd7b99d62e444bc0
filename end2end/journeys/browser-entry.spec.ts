import type { BrowserContext, Page } from "@playwright/test";
import { expect, test, title } from "../fixtures.ts";
import { createSession, enterTenant, grantedDialog, openSession } from "../support/support-session.ts";

/** The tab that a click opens. */
async function tabOf(context: BrowserContext, click: () => Promise<void>): Promise<Page> {
  const [tab] = await Promise.all([context.waitForEvent("page"), click()]);
  await tab.waitForLoadState();
  return tab;
}

test("a tenant is opened from its support session, shown live, and cut when the session is revoked", async ({
  page,
  session,
}) => {
  const { tenant, id } = session;
  const tab = await enterTenant(page, id);
  await expect(title(tab)).toHaveText(tenant.name);
  const { hostname, pathname, search } = new URL(tab.url());
  expect(hostname).toMatch(/^s-[a-z2-7]{32}\.localhost$/);
  expect(`${pathname}${search}`, "the code is gone").toBe("/");
  await expect(tab.locator("#feed")).toHaveText("Live");
  const cookies = (await page.context().cookies()).filter(({ domain }) => domain === hostname);
  expect(cookies).toMatchObject([{ name: "__Host-support-session", httpOnly: true, secure: true, sameSite: "Lax" }]);
  expect(await tab.evaluate(() => document.cookie)).toBe("");

  const log = page.getByRole("table", { name: "Access Logs" });
  await expect(log.getByRole("row").filter({ hasText: "/v1/feed" })).toContainText("open");
  await page.getByRole("link", { name: "Revoke Session" }).click();
  await page.getByRole("alertdialog").getByRole("button", { name: "Revoke Session" }).click();
  await expect(page.getByRole("status").getByText(/^Session in .+ revoked\.$/)).toBeVisible();
  await expect(tab.locator("#feed")).toHaveText("The feed has ended.");
  await expect(page.getByRole("link", { name: /^Enter tenant/ })).toHaveCount(0);
  const answer = await tab.reload();
  expect(answer?.status()).toBe(401);
  await expect(tab.getByText("The support session was revoked.")).toBeVisible();
  await tab.getByRole("link", { name: "Back to Support Console" }).click();
  await expect(title(tab)).toHaveText("Support sessions");
});

test("a new session offers to open the tenant at once, and tells of it in the tenant's audit log", async ({
  page,
  demo,
  session,
}) => {
  const { tenant, id } = session;
  const link = grantedDialog(page).getByRole("link", { name: /^Enter tenant/ });
  const tab = await tabOf(page.context(), () => link.click());
  await expect(title(tab)).toHaveText(tenant.name);
  type Log = { items: { resource_id: string }[] };
  const log = await demo.platform<Log>("GET", "audit?action=support_session.opened_in_browser&limit=50");
  expect(log.items.filter((event) => event.resource_id === id)).toHaveLength(1);
});

test("pages of two tenants in one browser can't reach each other", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const first = await createSession(page, (await demo.tenant("healthy")).id);
  const second = await createSession(page, (await demo.tenant("warning")).id);
  const [a, b] = [await enterTenant(page, first.id), await enterTenant(page, second.id)];
  expect(new URL(a.url()).origin).not.toBe(new URL(b.url()).origin);
  const sent = await a.evaluate(async (elsewhere) => {
    try {
      await fetch(`${elsewhere}v1/whoami`, { mode: "no-cors", credentials: "include" });
      await fetch(`${elsewhere}v1/attestations`, { method: "POST", mode: "no-cors", credentials: "include" });
      return true;
    } catch {
      return false;
    }
  }, b.url());
  expect(sent, "a policy of ours stops it in the browser").toBe(false);
  // Other sites' pages may load this from anywhere, but the gateway refuses it.
  await a.evaluate(
    (elsewhere) =>
      new Promise((done) => {
        const image = new Image();
        image.onload = image.onerror = done;
        image.src = `${elsewhere}v1/whoami`;
      }),
    b.url(),
  );
  const log = await demo.platform<{ items: { path: string; outcome: string }[] }>(
    "GET",
    `support-sessions/${second.id}/access-log?limit=200`,
  );
  const reached = log.items.filter(({ path, outcome }) => path !== "/" && path !== "/v1/feed" && outcome !== "refused");
  expect(reached).toEqual([]);
  expect(await a.evaluate(async () => (await fetch("/v1/whoami")).status)).toBe(200);
});

test("another staff member is not offered to open the tenant, and the link is of no use", async ({
  page,
  demo,
  another,
  session,
}) => {
  const { id } = session;
  await openSession(page, id);
  const href = await page.getByRole("link", { name: /^Enter tenant/ }).getAttribute("href");
  const other = await another("super_admin");
  await openSession(other, id);
  await expect(other.getByRole("link", { name: /^Enter tenant/ })).toHaveCount(0);
  await other.goto(href ?? "");
  await expect(other).toHaveURL(new RegExp(`^${demo.console}/support/sessions/${id}`));
  await expect(other.getByRole("alert")).toContainText("Only the holder of this support session can do this.");
});

test("whoever has signed out signs in and opens the tenant once more", async ({ page, demo, signIn }) => {
  const account = await demo.addStaff("Ida Brandt", "support_admin");
  await signIn(account);
  const { id } = await createSession(page, (await demo.tenant("healthy")).id);
  await openSession(page, id);
  const href = (await page.getByRole("link", { name: /^Enter tenant/ }).getAttribute("href")) ?? "";
  await page.context().clearCookies({ name: "__Host-support-console" });
  await page.goto(href);
  await expect(title(page)).toHaveText("Sign in");
  await page.getByLabel("E-mail").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${demo.console}/support/sessions/${id}`);
  const tab = await enterTenant(page, id);
  expect(new URL(tab.url()).hostname).toMatch(/^s-[a-z2-7]{32}\.localhost$/);
});

test.describe("without JavaScript", () => {
  test.use({ javaScriptEnabled: false });

  test("a tenant is opened too, and left by End now", async ({ page, demo }) => {
    const account = await demo.addStaff("Ida Brandt", "support_admin");
    await page.goto("/sign-in");
    await page.getByLabel("E-mail").fill(account.email);
    await page.getByLabel("Password", { exact: true }).fill(account.password);
    await page.getByRole("button", { name: "Sign in" }).click();
    const tenant = await demo.tenant("healthy");
    await page.goto(`/support/tenants/${tenant.id}/create-session`);
    await page.getByLabel("Reason").fill("Invoices fail since this morning");
    await page.getByRole("button", { name: "Create Session" }).click();
    const link = grantedDialog(page).getByRole("link", { name: /^Enter tenant/ });
    const tab = await tabOf(page.context(), () => link.click());
    await expect(title(tab)).toHaveText(tenant.name);
    await tab.goto(new URL("/.support-console/end", tab.url()).href);
    await tab.getByRole("button", { name: "End now" }).click();
    await expect(title(tab)).toHaveText("Support session ended");
  });
});
