// Unmodified applications through Enter tenant: the same clicks show the same as directly.
import type { Page } from "@playwright/test";
import { applications } from "../applications/all.ts";
import { expect, test } from "../fixtures.ts";
import { Served } from "../support/served.ts";
import { enterTenant } from "../support/support-session.ts";

const BROWSERS = ['browser.domain = "localhost"', "browser.inject_banner = true"];

/** Requests that the tab sends to the upstream past the gateway, so that nothing records them. */
function addressesPast(tab: Page, upstream: string): string[] {
  const past: string[] = [];
  const { host } = new URL(upstream);
  const look = (url: string) => new URL(url).host === host && past.push(url);
  tab.on("request", (request) => look(request.url()));
  tab.on("websocket", (socket) => look(socket.url()));
  return past;
}

/** Sets in the tab what the banner stores there when a person moves and folds it. */
function moveBanner(): void {
  sessionStorage.setItem("support-console-banner", JSON.stringify({ corner: "bottom left", folded: true }));
}

for (const application of applications) {
  test(`${application.name} is the same through the gateway as directly`, async ({ browser }, testInfo) => {
    test.fail(application.breaks !== undefined, application.breaks);
    const alone = await application.start();
    const { httpCredentials } = application;
    const credentials = httpCredentials ? { httpCredentials } : {};
    const direct = await browser.newPage(credentials);
    const directly = await application.use(direct, alone.url).finally(() => alone.stop());
    await direct.close();

    const behind = await application.start();
    const served = await Served.start(behind.url, [...BROWSERS, ...(application.upstream ?? [])]);
    const page = await browser.newPage({ baseURL: served.console, ...credentials });
    try {
      const { id } = await served.enterAcme(page, ["application"]);
      const tab = await enterTenant(page, id);
      if (application.entry) await tab.goto(new URL(application.entry, tab.url()).href);
      await expect.soft(tab.locator("support-console-banner")).toBeVisible({ timeout: 10_000 });
      if (application.movesBanner) await tab.addInitScript(moveBanner);
      // What hangs fails before the journey's own time is over.
      tab.setDefaultTimeout(60_000);
      const past = addressesPast(tab, behind.url);
      expect(await application.use(tab, new URL(tab.url()).origin)).toEqual(directly);
      expect(past, "nothing goes past the gateway").toEqual([]);
    } finally {
      await testInfo.attach("serve.log", { path: served.log, contentType: "text/plain" });
      await page.context().close();
      await served.stop();
      await behind.stop();
    }
  });
}
