import type { Page } from "@playwright/test";
import { expect, open, test } from "../fixtures.ts";
import { signInAs } from "../support/page.ts";
import { Served } from "../support/served.ts";

const LIVE = /^Live · (just now|\d+ s ago)$/;

test("a page says within half a minute that the server is frozen, and when it is back", async ({ browser, httpbin }) => {
  const served = await Served.start(httpbin.url);
  const page = await browser.newPage({ baseURL: served.console });
  try {
    await signInAs(page, await served.addStaff("Ana Silva", "super_admin"));
    await expect(page.getByText(LIVE)).toBeVisible();
    served.freeze(true);
    await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: 30_000 });
    await expect(page.getByText(/^Not live since /)).toBeVisible();
    served.freeze(false);
    await expect(page.getByText(LIVE)).toBeVisible({ timeout: 45_000 });
    await expect(page.getByText("Connection lost.")).toBeHidden();
  } finally {
    served.freeze(false);
    await page.close();
    await served.stop();
  }
});

test("a browser that is offline says so at once", async ({ page, context, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support");
  await expect(page.getByText(LIVE)).toBeVisible();
  await context.setOffline(true);
  await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: 2_000 });
  await context.setOffline(false);
  await expect(page.getByText(LIVE)).toBeVisible();
});

test("a paused page stays as it is, over a reload too, and catches up when it is resumed", async ({ page, context, demo, signIn }) => {
  await signIn("support_admin");
  const tenant = await demo.registerTenant("Held Still");
  await open(page, `/support?q=${tenant.id}`);
  const callsOn = (on: Page) => on.getByRole("row").filter({ hasText: tenant.id }).locator("td").nth(2);
  const calls = callsOn(page);
  const other = await context.newPage();
  await open(other, `/support?q=${tenant.id}`);
  await expect(other.getByText(LIVE)).toBeVisible();
  await page.getByRole("button", { name: "Pause live updates" }).click();
  await page.reload();
  await expect(page.getByText("Paused", { exact: true })).toBeVisible();
  await demo.platform("POST", "requests", [{ tenant_id: tenant.id, at: await demo.now(), status: 200, count: 7 }]);
  await expect(callsOn(other)).toHaveText("7");
  await expect(calls).toHaveText("0");
  await page.getByRole("button", { name: "Resume live updates" }).click();
  await expect(calls).toHaveText("7");
  await expect(page.getByText(LIVE)).toBeVisible();
});
