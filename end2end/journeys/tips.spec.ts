// What a page shortens is said in full: to pointers, keys and fingers (WCAG 1.4.13).
import { randomUUID } from "node:crypto";
import type { Page } from "@playwright/test";
import { expect, expectHydrated, expectNoViolations, open, test, title } from "../fixtures.ts";
import type { Demo } from "../support/demo.ts";
import { signInAs } from "../support/page.ts";
import { createDialog } from "../support/support-session.ts";

const LONG = "Gesellschaft für die Beförderung langer Namen mit beschränkter Haftung und Co. KG auf Aktien";
const PRECISE = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC/;

const tip = (page: Page) => page.getByRole("tooltip");
const row = (page: Page, id: string) => page.getByRole("table", { name: "Tenant health" }).getByRole("row").filter({ hasText: id });

/** A tenant with a long name that has called. */
async function calling(demo: Demo): Promise<string> {
  const id = `tnt_${randomUUID().slice(0, 8)}`;
  await demo.platform("PUT", `tenants/${id}`, { slug: id.replace("_", "-"), name: LONG, status: "active" });
  await demo.platform("POST", "requests", [{ tenant_id: id, at: await demo.now(), status: 200, count: 7 }]);
  return id;
}

test("a pointer gets it by resting, may rest on it, and Escape sends it away", async ({ page, demo, signIn }) => {
  await page.clock.install();
  await signIn("support_admin");
  const tenant = await demo.tenant("healthy");
  await open(page, `/support?q=${tenant.id}`);
  const seen = row(page, tenant.id).locator("td[data-label='Last seen'] time");
  await seen.hover();
  await expect(tip(page)).toHaveText(PRECISE);
  await expect(seen).toHaveAccessibleDescription(PRECISE);
  await tip(page).hover();
  await page.clock.fastForward(500);
  await expect(tip(page)).toBeVisible();
  await expectNoViolations(page, "with a tip");
  await page.keyboard.press("Escape");
  await expect(tip(page)).toBeHidden();
  await seen.hover();
  await expect(tip(page)).toBeVisible();
  await page.mouse.move(5, 5);
  await expect(tip(page)).toBeHidden();
  // Without the tip the browser knows the title again.
  await expect(seen).toHaveAttribute("title", PRECISE);
});

test("keys get all that a row hides at its links, and each other time as a stop of its own", async ({ page, demo, signIn }) => {
  await page.clock.install();
  await signIn("support_admin");
  const id = await calling(demo);
  await open(page, `/support?q=${id}`);
  await expect(row(page, id)).not.toContainText("never");
  await page.getByRole("columnheader", { name: "Last seen" }).getByRole("button").focus();
  await page.keyboard.press("Tab");
  await expect(row(page, id).getByRole("link").first()).toBeFocused();
  await expect(tip(page)).toContainText(LONG);
  await expect(tip(page)).toContainText(/^Last seen: \d{4}-/m);
  await page.keyboard.press("Escape");
  await expect(tip(page)).toBeHidden();
  await page.keyboard.press("Tab");
  await page.clock.fastForward(1_000);
  await expect(tip(page)).toBeHidden();

  await open(page, `/support/tenants/${id}`);
  const seen = page.getByRole("region", { name: "Health signals" }).locator("time").first();
  await page.getByRole("link", { name: "Create Support Session" }).focus({ timeout: 5_000 });
  for (let stops = 0; stops < 8 && !(await seen.evaluate((time) => time === document.activeElement)); stops++) {
    await page.keyboard.press("Tab");
  }
  await expect(seen).toBeFocused();
  await expect(tip(page)).toHaveText(PRECISE);
});

test("in a dialog Escape closes the tip first", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const { id } = await demo.tenant("healthy");
  await open(page, `/support/tenants/${id}/create-session`);
  await createDialog(page).locator("time").first().hover();
  await expect(tip(page)).toBeVisible();
  await tip(page).hover();
  await page.keyboard.press("Escape");
  await expect(tip(page)).toBeHidden();
  await expect(createDialog(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(createDialog(page)).toBeHidden();
});

test("fingers tap a time, and no name is cut off for them", async ({ browser, demo }) => {
  const id = await calling(demo);
  const page = await browser.newPage({ baseURL: demo.console, hasTouch: true, isMobile: true, viewport: { width: 1024, height: 768 } });
  await signInAs(page, demo.account("support_admin"));
  await page.goto(`/support?q=${id}`);
  await expectHydrated(page);
  const name = row(page, id).locator("strong");
  expect(await name.evaluate((name) => name.scrollWidth <= name.clientWidth && name.scrollHeight <= name.clientHeight + 1)).toBe(true);
  await row(page, id).locator("td[data-label='Last seen'] time").tap();
  await expect(tip(page)).toHaveText(PRECISE);
  await expect(page).toHaveURL(/\?q=/);
  await page.getByRole("heading", { level: 1 }).tap();
  await expect(tip(page)).toBeHidden();
  await row(page, id).locator("td").nth(2).tap();
  await expect(title(page)).toHaveText(LONG);
  await page.context().close();
});
