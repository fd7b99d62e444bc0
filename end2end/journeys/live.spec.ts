import type { Locator, Page } from "@playwright/test";
import { expect, expectNoViolations, hear, open, test } from "../fixtures.ts";
import { Served } from "../support/served.ts";
import { logRow, openSession } from "../support/support-session.ts";

const inkOf = (figure: Locator) => figure.evaluate((figure) => getComputedStyle(figure).color);
interface Stream {
  url: string;
  asked: number;
  lost: number;
}

const LIVE = /^Live · (just now|\d+ s ago)$/;

test("a page says within half a minute that the server is frozen, dims what may be old, and takes it back", async ({ browser, httpbin }) => {
  const served = await Served.start(httpbin.url);
  const context = await browser.newContext({ baseURL: served.console });
  const page = await context.newPage();
  try {
    const { id } = await served.enterAcme(page, ["everything"]);
    await open(page, "/support");
    const session = await context.newPage();
    await open(session, `/support/sessions/${id}`);
    const [badge, total] = [page.getByRole("row", { name: "Acme" }).locator(".badge"), page.locator(".stat-value").first()];
    await expect(badge).toHaveText("Unknown");
    const ink = await inkOf(total);
    for (const tab of [page, session]) {
      await expect(tab.getByText(LIVE)).toBeVisible();
      await expect(tab.locator(".page")).toHaveCSS("filter", "none");
    }
    served.freeze(true);
    for (const tab of [page, session]) {
      await expect(tab.getByText("Connection lost. Showing data from")).toBeVisible({ timeout: 30_000 });
      await expect(tab.getByText(/^Not live since /)).toBeVisible();
      await expect(tab.locator(".page")).toHaveCSS("filter", "grayscale(1)");
    }
    await expect(badge).toHaveText("Unknown · stale");
    expect(await inkOf(total)).not.toBe(ink);
    await expectNoViolations(page, "stale");
    served.freeze(false);
    for (const tab of [page, session]) {
      await expect(tab.getByText(LIVE)).toBeVisible({ timeout: 45_000 });
      await expect(tab.getByText("Connection lost.")).toBeHidden();
      await expect(tab.locator(".page")).toHaveCSS("filter", "none");
    }
    await expect(badge).toHaveText("Unknown");
    expect(await inkOf(total)).toBe(ink);
  } finally {
    served.freeze(false);
    await context.close();
    await served.stop();
  }
});

test("a browser that is offline says so at once, and catches up without repeating a row", async ({ page, context, demo, session }) => {
  await openSession(page, session.id);
  const rows = page.getByRole("table", { name: "Access Logs" }).locator("tbody tr");
  await demo.request(session.token, "/v1/whoami");
  await expect(rows).toHaveCount(1);
  await context.setOffline(true);
  await expect(page.getByText("Connection lost.")).toBeVisible({ timeout: 2_000 });
  const { headers } = await demo.request(session.token, "/v1/users");
  await context.setOffline(false);
  await expect(page.getByText(LIVE)).toBeVisible();
  await expect(logRow(page, headers.get("x-request-id"))).toBeVisible();
  await expect(rows).toHaveCount(2);
});

test("a lost stream is asked for again later each time, from the last event on", async ({ page, context, demo, session }) => {
  await page.clock.install();
  await page.addInitScript(() => {
    const streams: Stream[] = [];
    class Noted extends EventSource {
      constructor(url: string | URL) {
        super(url);
        const stream = { url: `${url}`, asked: Date.now(), lost: 0 };
        streams.push(stream);
        this.addEventListener("error", () => (stream.lost = Date.now()));
      }
    }
    Object.assign(globalThis, { streams, EventSource: Noted });
  });
  const streams = () => page.evaluate(() => Reflect.get(globalThis, "streams") as Stream[]);
  await openSession(page, session.id);
  const before = await demo.request(session.token, "/v1/whoami");
  await expect(logRow(page, before.headers.get("x-request-id"))).toBeVisible();
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 10_000));
  const first = (await streams()).length;
  await context.setOffline(true);
  await expect(page.getByText("Connection lost.")).toBeVisible();
  const run = async () => {
    await page.clock.runFor(1_000);
    return (await streams()).length;
  };
  await expect.poll(run, { intervals: [50] }).toBeGreaterThanOrEqual(first + 4);
  const tried = (await streams()).slice(first);
  for (const [at, longest] of [4_000, 8_000, 16_000].entries()) {
    const waited = tried[at + 1]!.asked - tried[at]!.lost;
    expect(waited, `wait ${at + 1}`).toBeGreaterThanOrEqual(longest / 2);
    expect(waited, `wait ${at + 1}`).toBeLessThanOrEqual(longest);
  }
  for (const { url } of tried) {
    expect(new URL(url, page.url()).searchParams.get("last_event_id")).toMatch(/^\d+$/);
  }
  const missed = await demo.request(session.token, "/v1/users");
  await context.setOffline(false);
  await page.clock.resume();
  await expect(logRow(page, missed.headers.get("x-request-id"))).toBeVisible();
  await expect(page.getByRole("table", { name: "Access Logs" }).locator("tbody tr")).toHaveCount(2);
});

test("figures and rows that change are not announced", async ({ page, context, demo, session }) => {
  const tenant = await demo.registerTenant("Read Quietly");
  const overview = await context.newPage();
  await open(overview, `/support?q=${tenant.id}`);
  await openSession(page, session.id);
  await expect(overview.getByText(LIVE)).toBeVisible();
  const said = [await hear(page), await hear(overview)];
  const { headers } = await demo.request(session.token, "/v1/whoami");
  await demo.platform("POST", "requests", [{ tenant_id: tenant.id, at: await demo.now(), status: 200, count: 7 }]);
  await expect(logRow(page, headers.get("x-request-id"))).toBeVisible();
  await expect(page.getByRole("region", { name: "Access Logs", exact: true }).getByText("1 request", { exact: true })).toBeVisible();
  await expect(overview.getByRole("row").filter({ hasText: tenant.id }).locator("td").nth(2)).toHaveText("7");
  for (const texts of said) expect(await texts()).toEqual([]);
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
