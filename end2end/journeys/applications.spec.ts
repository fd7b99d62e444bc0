// Unmodified applications through Open tenant: the same clicks show the same as directly.
import { applications } from "../applications/all.ts";
import { expect, test } from "../fixtures.ts";
import { Served } from "../support/served.ts";
import { enterTenant } from "../support/support-session.ts";

const BROWSERS = ['browser.domain = "localhost"', "browser.inject_banner = true"];

for (const application of applications) {
  test(`${application.name} is the same through the gateway as directly`, async ({ browser }, testInfo) => {
    test.fail(application.breaks !== undefined, application.breaks);
    const alone = await application.start();
    const direct = await browser.newPage();
    const directly = await application.use(direct, alone.url).finally(() => alone.stop());
    await direct.close();

    const behind = await application.start();
    const { readableCookies, upstream = [] } = application;
    const served = await Served.start(behind.url, [
      ...BROWSERS,
      ...(readableCookies ? [`upstream_readable_cookies = ${JSON.stringify(readableCookies)}`] : []),
      ...upstream,
    ]);
    const page = await browser.newPage({ baseURL: served.console });
    try {
      const { id } = await served.enterAcme(page, ["application"]);
      const tab = await enterTenant(page, id);
      await expect(tab.locator("support-console-banner")).toBeVisible();
      // What hangs fails before the journey's own time is over.
      tab.setDefaultTimeout(60_000);
      expect(await application.use(tab, new URL(tab.url()).origin)).toEqual(directly);
    } finally {
      await testInfo.attach("serve.log", { path: served.log, contentType: "text/plain" });
      await page.context().close();
      await served.stop();
      await behind.stop();
    }
  });
}
