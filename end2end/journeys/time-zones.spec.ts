// People whose zones differ from each other's and from the server's, which reckons in UTC (decision 0028).
import type { Browser, Locator, Page } from "@playwright/test";
import type { Demo } from "../support/demo.ts";
import { expect, open, signInAs, test } from "../fixtures.ts";

const EAST = "Pacific/Kiritimati";
const WEST = "America/Los_Angeles";

test("a stretch of time means the same to people in two zones, and each reads it in their own", async ({ browser, demo, session }) => {
  await demo.request(session.token, "/v1/whoami");
  const [east, west] = await Promise.all([EAST, WEST].map((zone) => readerIn(browser, demo, zone)));
  // What happens meanwhile, such as the end of another journey's session, is after it.
  const to = new Date(new Date(await demo.now()).setMilliseconds(0) + 1_000);
  const from = new Date(to.getTime() - 3_600_000);

  for (const [list, table] of [["/support/sessions", "Support sessions"], ["/audit", "Audit events"]] as const) {
    await open(east!, `${list}?time=custom&tenant=${session.tenant.id}`);
    for (const [label, name, at] of [["From", "from", from], ["To", "to", to]] as const) {
      await east!.getByLabel(label, { exact: true }).fill(local(at, EAST));
      await expect(east!).toHaveURL(new RegExp(`[?&]${name}=[^&]+%2B14%3A00`));
      expect(new Date(new URL(east!.url()).searchParams.get(name)!)).toEqual(at);
    }

    const address = east!.url();
    await open(west!, address);
    await expect(west!).toHaveURL(address);
    await expect(west!.getByLabel("From", { exact: true })).toHaveValue(local(from, WEST));
    await expect(west!.getByLabel("To", { exact: true })).toHaveValue(local(to, WEST));
    const seen = await instants(rows(west!, table), WEST);
    expect(seen.length).toBeGreaterThan(0);
    for (const at of seen.map((at) => Date.parse(at))) {
      expect(at).toBeGreaterThanOrEqual(from.getTime());
      expect(at).toBeLessThan(to.getTime());
    }
    // The rows from before the filter stay until the server has answered.
    await expect.poll(() => instants(rows(east!, table), EAST)).toEqual(seen);
  }
});

test("today begins at each reader's own midnight", async ({ browser, demo, session }) => {
  const { issued_at } = await demo.platform<{ issued_at: string }>("GET", `support-sessions/${session.id}`);
  const issued = new Date(issued_at);
  // The zone whose midnight comes next, and one where the day goes on.
  const hours = 23 - issued.getUTCHours();
  const ahead = hours > 12 ? hours - 24 : hours;
  const [over, on] = [zoneAhead(ahead), zoneAhead(ahead > -9 ? ahead - 3 : ahead + 3)];
  await demo.advance(`${61 - issued.getUTCMinutes()}m`);

  const today = `/support/sessions?time=today&tenant=${session.tenant.id}`;
  const there = async (zone: string, path: string) => {
    const page = await readerIn(browser, demo, zone);
    await open(page, path);
    return { page, row: rows(page, "Support sessions").filter({ has: page.locator(`a[href="/support/sessions/${session.id}"]`) }) };
  };
  const late = await there(over, today);
  await expect(late.page.getByText(/00:00:00 UTC\S* – now/)).toBeVisible();
  await expect(late.row).toHaveCount(0);
  const early = await there(on, today);
  await expect(early.page.getByText(/00:00:00 UTC\S* – now/)).toBeVisible();
  await expect(early.row).toHaveCount(1);

  // Both read the session's day as their own.
  const anytime = await there(over, `/support/sessions?tenant=${session.tenant.id}`);
  await expect(anytime.row.locator("time").filter({ hasText: text(issued, over) })).toHaveCount(1);
  await expect(early.row.locator("time").filter({ hasText: text(issued, on) })).toHaveCount(1);
});

test("an hour that clocks repeat or skip stays the instant that was meant", async ({ browser, demo }) => {
  const lisbon = await readerIn(browser, demo, "Europe/Lisbon");
  const from = lisbon.getByLabel("From", { exact: true });
  // The same hour twice, on 25 October: the address tells which, and another filter keeps it.
  for (const meant of ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]) {
    await open(lisbon, `/audit?time=custom&from=${meant}`);
    await expect(from).toHaveValue("2026-10-25T01:30");
    await lisbon.getByRole("combobox", { name: "Outcome" }).selectOption("success");
    await expect(lisbon).toHaveURL(/outcome=success/);
    expect(new URL(lisbon.url()).searchParams.get("from")).toBe(meant);
  }
  // One that no clock of Lisbon showed.
  await open(lisbon, "/audit?time=custom");
  await from.fill("2026-03-29T01:30");
  await expect(lisbon).toHaveURL(/from=2026-03-29T02%3A30%3A00%2B01%3A00/);
  const west = await readerIn(browser, demo, WEST);
  await open(west, lisbon.url());
  await expect(west.getByLabel("From", { exact: true })).toHaveValue("2026-03-28T18:30");
});

/** A super admin in a zone. */
async function readerIn(browser: Browser, demo: Demo, timezoneId: string): Promise<Page> {
  const page = await browser.newPage({ baseURL: demo.console, timezoneId });
  await signInAs(page, demo.account("super_admin"));
  return page;
}

function rows(page: Page, table: string): Locator {
  return page.getByRole("table", { name: table }).locator("tbody tr");
}

/** The first time of each row, which reads in this zone. */
async function instants(rows: Locator, zone: string): Promise<string[]> {
  const times = await rows.evaluateAll((rows) =>
    rows.map((row) => row.querySelector("time:not(.countdown time)")!).map((time) => [time.getAttribute("datetime")!, time.textContent!]),
  );
  for (const [at, read] of times) expect(read).toContain(text(new Date(at!), zone));
  return times.map(([at]) => at!);
}

/** `2026-11-22 12:04:31` in a zone. */
function text(at: Date, timeZone: string): string {
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "medium", timeZone }).format(at);
}

/** The same as the value of a `datetime-local` field, which has no seconds where they are 0. */
function local(at: Date, zone: string): string {
  return text(at, zone).replace(" ", "T").replace(/(?<=T\d\d:\d\d):00$/, "");
}

/** The zone that is always so many hours ahead of UTC. Its name has the opposite sign. */
function zoneAhead(hours: number): string {
  return hours === 0 ? "Etc/UTC" : `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`;
}
