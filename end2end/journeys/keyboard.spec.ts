// The main way by keyboard alone: no mouse, and at each step one sees where one is.
import type { Locator, Page } from "@playwright/test";
import { expect, expectHydrated, test, title } from "../fixtures.ts";

/** What has the focus, and whether one sees it: it is in the window, and an outline or a mark of its own is drawn. */
function focus(page: Page): Promise<{ name: string; isSeen: boolean }> {
  return page.evaluate(() => {
    const element = document.activeElement ?? document.body;
    const { top, bottom, left, right, width, height } = element.getBoundingClientRect();
    const isInWindow = bottom > 0 && right > 0 && top < innerHeight && left < innerWidth && width > 0 && height > 0;
    // A checkbox or a link that fills its row may be marked at what is around it.
    const marked = [element, element.parentElement, element.nextElementSibling, element.closest("tr, label, .field")];
    const isMarked = marked.some((marked) => {
      if (!marked) return false;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(marked);
      return (outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2) || boxShadow !== "none";
    });
    return {
      name: `${element.localName} ${element.getAttribute("aria-label") ?? element.textContent?.trim().slice(0, 40)}`,
      isSeen: element.matches(":focus-visible") && isInWindow && isMarked,
    };
  });
}

/** Presses Tab until the target has the focus. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await expect(target).toBeVisible();
  for (let step = 0; step < 80; step += 1) {
    const { name, isSeen } = await focus(page);
    if (name.startsWith("body") === false) expect.soft(isSeen, `${page.url()}: ${name}`).toBe(true);
    if (await target.evaluate((target) => target === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`not reached by Tab: ${target}`);
}

async function enter(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press("Enter");
}

async function type(page: Page, target: Locator, text: string): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.type(text);
}

test("from the sign-in to a revocation by keyboard alone", async ({ page, demo }) => {
  const account = await demo.addStaff("Kira Boehm", "support_admin");
  const tenant = await demo.tenant("healthy");
  await page.goto("/sign-in");
  await type(page, page.getByLabel("E-mail"), account.email);
  await type(page, page.getByLabel("Password", { exact: true }), account.password);
  await page.keyboard.press("Enter");
  await expect(title(page)).toHaveText("Tenant health");
  await expectHydrated(page);

  await page.keyboard.press("/");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type(tenant.id);
  const rows = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr");
  await expect(rows).toHaveCount(1);
  await enter(page, rows.getByRole("link", { name: tenant.name }).first());
  await expect(title(page)).toHaveText(tenant.name);

  await enter(page, page.getByRole("main").getByRole("link", { name: "Create Support Session" }));
  const create = page.getByRole("dialog", { name: "Create Support Session" });
  await type(page, create.getByLabel("Reason"), "Invoices fail since this morning");
  await enter(page, create.getByRole("button", { name: "Create Session" }));
  const granted = page.getByRole("dialog", { name: "Support session created" });
  const token = await granted.getByRole("region", { name: "Access token" }).locator("code").innerText();
  await enter(page, granted.getByRole("link", { name: "View session" }));
  await expect(title(page)).toHaveText(`Kira Boehm in ${tenant.name}`);

  await demo.request(token, "/v1/whoami");
  const log = page.getByRole("table", { name: "Access Logs" }).locator("tbody tr");
  await expect(log).toHaveCount(1);
  await enter(page, log.getByRole("link").first());
  await expect(page).toHaveURL(/\/support\/requests\//);
  await expect(page.getByRole("main")).toContainText("/v1/whoami");
  await enter(page, page.locator("main a[href^='/support/sessions/']").first());
  await expect(title(page)).toHaveText(`Kira Boehm in ${tenant.name}`);

  await enter(page, page.getByRole("main").getByRole("link", { name: "Revoke Session" }));
  const revoke = page.getByRole("alertdialog");
  await type(page, revoke.getByLabel("Reason"), "Done");
  await enter(page, revoke.getByRole("button", { name: "Revoke Session" }));
  await expect(page.getByRole("region", { name: "Timing" })).toContainText("Done");
  expect((await demo.request(token, "/v1/whoami")).status).toBe(401);
  // The focus is on the page, not lost with the dialog.
  await expect.poll(() => page.evaluate(() => document.activeElement?.localName)).not.toBe("body");
});
