import type { Page } from "@playwright/test";
import { expect, test, title } from "../fixtures.ts";
import { createSession, openSession } from "../support/support-session.ts";

/** Opens the tenant of a new support session. The banner is in a closed shadow root: it is the host's last stop of Tab. */
async function openTenant(page: Page, tenant: string): Promise<{ id: string; tab: Page }> {
  const { id } = await createSession(page, tenant);
  await openSession(page, id);
  const link = page.getByRole("link", { name: /^Enter tenant/ });
  const [tab] = await Promise.all([page.context().waitForEvent("page"), link.click()]);
  await expect(tab.locator("support-console-banner")).toBeVisible();
  return { id, tab };
}

test("the banner ends the session by the keyboard, and the tenant is told who did", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const { id, tab } = await openTenant(page, (await demo.tenant("healthy")).id);
  await tab.evaluate(() => localStorage.setItem("kept", "by the platform"));
  // From the end backwards: the details, then End now.
  await tab.keyboard.press("Shift+Tab");
  await tab.keyboard.press("Shift+Tab");
  await Promise.all([tab.waitForURL("**/.support-console/end"), tab.keyboard.press("Enter")]);
  await expect(title(tab)).toHaveText("Support session ended");
  expect(await tab.evaluate(() => localStorage.getItem("kept"))).toBeNull();
  const cookies = await page.context().cookies(tab.url());
  expect(cookies.filter(({ name }) => name === "__Host-support-session")).toEqual([]);

  type Log = { items: { resource_id: string; actor: { name: string } }[] };
  const log = await demo.platform<Log>("GET", "audit?action=support_session.revoked&limit=50");
  const ended = log.items.filter((event) => event.resource_id === id);
  expect(ended).toMatchObject([{ actor: { name: "Ida Brandt" } }]);
});

test("the banner fits a phone and does not count as a request", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const { id, tab } = await openTenant(page, (await demo.tenant("healthy")).id);
  await tab.setViewportSize({ width: 390, height: 800 });
  const box = await tab.locator("support-console-banner").boundingBox();
  expect(box).not.toBeNull();
  expect(box!.x).toBeGreaterThanOrEqual(0);
  expect(box!.x + box!.width).toBeLessThanOrEqual(390);
  expect(box!.height).toBeLessThanOrEqual(160);
  type Log = { items: { path: string }[] };
  const log = await demo.platform<Log>("GET", `support-sessions/${id}/access-log?limit=200`);
  expect(log.items.filter(({ path }) => path.includes("support-console"))).toEqual([]);
});
