// Unmodified applications through Enter tenant: the same clicks show the same as directly.
import type { Browser, Page, TestInfo } from "@playwright/test";
import { applications } from "../applications/all.ts";
import type { Application } from "../applications/application.ts";
import { datasette } from "../applications/datasette.ts";
import { django } from "../applications/django.ts";
import { streamlit } from "../applications/streamlit.ts";
import { expect, test } from "../fixtures.ts";
import { BROWSERS } from "../support/banner.ts";
import { Certificate } from "../support/certificate.ts";
import { Served } from "../support/served.ts";
import { enterTenant } from "../support/support-session.ts";

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

/** Does the same directly and through the gateway, which has TLS with a certificate. */
async function isTheSame(application: Application, browser: Browser, testInfo: TestInfo, certificate?: Certificate): Promise<void> {
  const alone = await application.start();
  const { httpCredentials } = application;
  const credentials = httpCredentials ? { httpCredentials } : {};
  const direct = await browser.newPage(credentials);
  const directly = await application.use(direct, alone.url).finally(() => alone.stop());
  await direct.close();

  const behind = await (application.startBehind?.() ?? application.start());
  const ofTls = certificate ? (application.upstreamWithTls?.(behind.url) ?? []) : [];
  const served = await Served.start(behind.url, [...BROWSERS, ...(application.upstream ?? []), ...ofTls], certificate);
  const page = await browser.newPage({ baseURL: served.console, ignoreHTTPSErrors: certificate !== undefined, ...credentials });
  try {
    const { id } = await served.enterAcme(page, ["application"]);
    const tab = await enterTenant(page, id);
    if (application.entry) await tab.goto(new URL(application.entry, tab.url()).href);
    await expect.soft(tab.locator("support-console-banner")).toBeVisible({ timeout: 10_000 });
    if (certificate) expect(await tab.evaluate(protocol)).toBe("h2");
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
}

/** What the page came by. */
function protocol(): string | undefined {
  const [page] = performance.getEntriesByType("navigation") as PerformanceNavigationTiming[];
  return page?.nextHopProtocol;
}

for (const application of applications) {
  test(`${application.name} is the same through the gateway as directly`, async ({ browser }, testInfo) => {
    test.fail(application.breaks !== undefined, application.breaks);
    await isTheSame(application, browser, testInfo);
  });
}

/** Only `make compat` has the time for these. */
const compat = process.env.SUPPORT_CONSOLE_COMPAT ? test : undefined;

for (const application of [django, datasette, streamlit]) {
  compat?.(`${application.name} is the same over HTTP/2 with TLS`, async ({ browser }, testInfo) => {
    const certificate = await Certificate.make();
    await isTheSame(application, browser, testInfo, certificate).finally(() => certificate.remove());
  });
}

/** What a page has loaded over the network, in bytes. What comes from the browser's cache counts nothing. */
async function bytesLoaded(page: Page): Promise<number> {
  return page.evaluate(() => {
    const kinds = ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind));
    return (kinds as PerformanceResourceTiming[]).reduce((sum, { transferSize }) => sum + transferSize, 0);
  });
}

compat?.("a second visit of Streamlit asks for little, where its static files are kept", async ({ browser }) => {
  const behind = await streamlit.start();
  const served = await Served.start(behind.url, [...BROWSERS, ...(streamlit.upstream ?? []), "upstream_keep_static_files = true"]);
  const page = await browser.newPage({ baseURL: served.console });
  const direct = await browser.newPage();
  try {
    const visit = async (tab: Page, url: string) => {
      await tab.goto(url, { waitUntil: "networkidle" });
      await expect(tab.getByText("no file", { exact: true })).toBeVisible();
      return bytesLoaded(tab);
    };
    await visit(direct, behind.url);
    const directly = await visit(direct, behind.url);

    const { id } = await served.enterAcme(page, ["application"]);
    const recorded = async () => {
      const log = await served.platform<{ items: { seq: number }[] }>("GET", `support-sessions/${id}/access-log`);
      return log.items[0]?.seq ?? 0;
    };
    const tab = await enterTenant(page, id);
    await expect(tab.getByText("no file", { exact: true })).toBeVisible();
    // What the first visit still loads is its own.
    await tab.waitForLoadState("networkidle");
    const first = { requests: await recorded(), bytes: await bytesLoaded(tab) };
    const bytes = await visit(tab, new URL("/", tab.url()).href);
    const second = { requests: (await recorded()) - first.requests, bytes };
    const description = JSON.stringify({ first, second, directly });
    test.info().annotations.push({ type: "visits", description });
    expect(first.requests, description).toBeGreaterThan(20);
    expect(second.requests, description).toBeLessThan(12);
    expect(first.bytes, description).toBeGreaterThan(1_000_000);
    // The page itself is never kept, is not compressed, and has the banner in it.
    expect(second.bytes, description).toBeLessThan(directly + 64 * 1024);
  } finally {
    await direct.close();
    await page.context().close();
    await served.stop();
    await behind.stop();
  }
});
