import type { Page } from "@playwright/test";
import { expect, test } from "../fixtures.ts";
import { expectLive, logRow } from "../support/support-session.ts";

test("eight tabs open at once stay live", async ({ page, context, demo, session }) => {
  const { id, token } = session;
  await hide(page);

  const tabs: Page[] = [];
  for (let number = 1; number <= 8; number += 1) {
    const tab = await context.newPage();
    await tab.goto(`/support/sessions/${id}`);
    await expectLive(tab);
    await hide(tab);
    tabs.push(tab);
  }
  for (const tab of tabs) {
    await show(tab);
    await expectLive(tab);
    const answer = await demo.request(token, "/v1/whoami");
    await expect(logRow(tab, answer.headers.get("x-request-id"))).toBeVisible();
    await hide(tab);
  }
  await show(tabs[0]!);
  await expect(tabs[0]!.getByRole("table", { name: "Access Logs" }).locator("tbody tr")).toHaveCount(8);
});

/** Hides a tab, as a browser does when another comes to the front. Playwright keeps all tabs in front. */
async function hide(tab: Page): Promise<void> {
  await setVisibility(tab, "hidden");
}

async function show(tab: Page): Promise<void> {
  await tab.mouse.move(0, 0);
  await setVisibility(tab, "visible");
}

async function setVisibility(tab: Page, state: DocumentVisibilityState): Promise<void> {
  await tab.evaluate((state) => {
    Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
    document.dispatchEvent(new Event("visibilitychange"));
  }, state);
}
