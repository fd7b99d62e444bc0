// The chart of calls: read bar by bar, and told apart without colours.
import type { Locator, Page } from "@playwright/test";
import { expect, open, test } from "../fixtures.ts";

const BARS = "svg.chart-bars [data-bar]";

test("the bars are one stop of Tab, and arrow keys read them one by one", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const tenant = await demo.tenant("critical");
  await open(page, `/support/tenants/${tenant.id}`);
  const chart = page.getByRole("group", { name: /^API calls in the last 24 hours: / });
  const bars = chart.getByRole("img");
  await expect(chart.locator("[tabindex='0']")).toHaveCount(1);
  await chart.locator("[tabindex='0']").focus();
  await expect(bars.last()).toBeFocused();
  await expect(bars.last()).toHaveAccessibleName(/^\d\d:\d\d–now: [\d,]+ calls?, [\d,]+ failed \((—|[\d.]+%)(; 4xx: [\d,]+, 5xx: [\d,]+)?\)$/);
  await page.keyboard.press("ArrowLeft");
  const before = bars.nth((await bars.count()) - 2);
  await expect(before).toBeFocused();
  await expect(page.locator(".chart-read")).toHaveText((await before.getAttribute("aria-label")) ?? "no label");
  await page.keyboard.press("Home");
  await expect(bars.first()).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(bars.first()).toBeFocused();
  await expect(page.locator(".chart-marks li").last()).toHaveText("now");
  await expect(page.getByText("decides health: the last 15 minutes")).toBeVisible();
  await expect(page.locator(".chart-axis li")).toHaveCount(3);
  await page.getByText("Show as table").click();
  const table = page.getByRole("table", { name: "Calls and errors by hour" });
  await expect(table.getByRole("columnheader")).toHaveText(["Hour from", "API calls", "Errors 4xx", "Errors 5xx", "Error rate"]);
});

test("bars stand out from their ground in both themes", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  await open(page, `/support/tenants/${(await demo.tenant("critical")).id}`);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const ground = await luminance(page, "#calls-chart", "background-color", "section");
    for (const part of ["plain", "warn", "bad"]) {
      const bar = await luminance(page, `.bar .shade-${part}`, "fill");
      expect(contrast(ground, bar), `${part}, ${colorScheme}`).toBeGreaterThanOrEqual(3);
    }
  }
});

test("a chart without colours tells calls, 4xx and 5xx apart", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  await open(page, `/support/tenants/${(await demo.tenant("critical")).id}`);
  await page.emulateMedia({ forcedColors: "active" });
  const fill = (selector: string) => page.locator(selector).first().evaluate((part) => getComputedStyle(part).fill);
  const swatch = (selector: string, of: "backgroundColor" | "background") =>
    page.locator(selector).evaluate((part, of) => getComputedStyle(part, "::before")[of], of);
  const [calls, client, server] = ["plain", "warn", "bad"] as const;
  const fills = await Promise.all([calls, client, server].map((part) => fill(`${BARS} .shade-${part}`)));
  expect(new Set(fills).size).toBe(3);
  expect(fills[1]).toContain("#stripes");
  const swatches = await Promise.all([calls, client, server].map((part) => swatch(`.legend .shade-${part}`, "background")));
  expect(new Set(swatches).size).toBe(3);
  expect(await swatch(".legend .shade-bad", "backgroundColor")).toBe(fills[2]);
});

test("errors of the client and of the server are counted apart, as the platform reports them", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const { id } = await demo.registerTenant("Two Kinds");
  const at = await demo.now();
  const calls = [[200, 5], [404, 3], [499, 1], [500, 2], [503, 1]].map(([status, count]) => ({ tenant_id: id, at, status, count }));
  await demo.platform("POST", "requests", calls);
  await open(page, `/support/tenants/${id}`);
  await expect(page.getByRole("group", { name: /^API calls in the last 24 hours: 12 calls, 7 failed \(58.3%; 4xx: 4, 5xx: 3\)\./ })).toBeVisible();
  await page.getByText("Show as table").click();
  const hour = page.getByRole("table", { name: "Calls and errors by hour" }).locator("tbody tr").last();
  await expect(hour.getByRole("cell")).toHaveText(["12", "4", "3", "58.3%"]);
});

test("support sessions over 30 days stand above their list, folded, by status and as a table", async ({ page, session }) => {
  await open(page, "/support/sessions");
  const chart = page.getByRole("region", { name: "Last 30 days" });
  const bars = chart.getByRole("group", { name: /^[\d,]+ support sessions? issued in the last 30 days: [\d,]+ revoked, [\d,]+ expired, [\d,]+ active\./ });
  await expect(chart.locator("svg")).toBeHidden();
  await chart.locator("summary").first().click();
  await expect(bars.getByRole("img")).toHaveCount(30);
  await bars.getByRole("img").last().focus();
  await expect(chart.locator(".chart-read")).toHaveText(/^\d{4}-\d\d-\d\d: [\d,]+ revoked, [\d,]+ expired, [\d,]+ active$/);
  await chart.getByText("Show as table").click();
  const table = chart.getByRole("table", { name: "Support sessions by day" });
  await expect(table.getByRole("columnheader")).toHaveText(["Day", "Revoked", "Expired", "Active", "Issued"]);
  await expect(table.locator("tbody tr")).toHaveCount(30);
  const today = table.locator("tbody tr").first();
  const active = async () => Number((await today.getByRole("cell").nth(2).innerText()).replaceAll(",", ""));
  const before = await active();
  expect(before).toBeGreaterThanOrEqual(1);
  // It follows while it is open.
  await page.request.post(`/forms/support-sessions/${session.id}/revoke`, {
    form: { reason: "Done for today" },
    headers: { origin: new URL(page.url()).origin },
  });
  await expect.poll(active).toBe(before - 1);
  await toldApart(page, chart, 3);
});

test("the health of all tenants over 7 days stands below the overview, folded, and as a table", async ({ page, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support");
  const chart = page.getByRole("region", { name: "Last 7 days" });
  await chart.locator("summary").first().click();
  const bars = chart.getByRole("group", { name: /^Tenants by health in the last 7 days\. .* Now: \d+ critical, \d+ warning, \d+ healthy, \d+ unknown\./ });
  await expect(bars.getByRole("img").last()).toHaveAccessibleName(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC.*: \d+ critical, /);
  await chart.getByText("Show as table").click();
  const table = chart.getByRole("table", { name: "Tenants by health and hour" });
  await expect(table.getByRole("columnheader")).toHaveText(["Time", "Critical", "Warning", "Healthy", "Unknown", "Tenants"]);
  await toldApart(page, chart, 4);
});

/** The parts of a stacked chart stand out from their ground in both themes, and differ where colours are forced. */
async function toldApart(page: Page, chart: Locator, parts: number) {
  const ids = { card: `#${await chart.getAttribute("aria-labelledby")}` };
  const shades = await chart.locator(".legend li").evaluateAll((items) => items.map((item) => item.className));
  expect(new Set(shades).size).toBe(parts);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const ground = await luminance(page, ids.card, "background-color", "section");
    for (const shade of shades) {
      const drawn = page.locator(`.bar .${shade}`);
      if (await drawn.count()) expect(contrast(ground, await luminance(page, `.bar .${shade}`, "fill")), `${shade}, ${colorScheme}`).toBeGreaterThanOrEqual(3);
    }
  }
  await page.emulateMedia({ forcedColors: "active" });
  const swatches = await chart.locator(".legend li").evaluateAll((items) => items.map((item) => getComputedStyle(item, "::before").background));
  expect(new Set(swatches).size).toBe(parts);
}

test("the line beside a figure never covers its note", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const tenant = await demo.tenant("critical");
  for (const width of [390, 768, 1024, 1100, 1280, 1440, 1920]) {
    await page.setViewportSize({ width, height: 900 });
    await open(page, `/support/tenants/${tenant.id}`);
    const covers = await page.evaluate(() => {
      const card = document.querySelector(".stat:has(.sparkline)")!;
      const line = card.querySelector(".sparkline")!.getBoundingClientRect();
      const range = document.createRange();
      range.selectNodeContents(card.querySelector(".stat-note")!);
      const note = range.getBoundingClientRect();
      return line.width > 0 && line.left < note.right && line.bottom > note.top;
    });
    expect(covers, `at ${width}`).toBe(false);
  }
});

/** The relative luminance of a colour (WCAG 2.2), drawn by the browser itself. */
async function luminance(page: Page, selector: string, property: string, ancestor = ""): Promise<number> {
  return page.evaluate(
    ([selector, property, ancestor]) => {
      const found = document.querySelector(selector!)!;
      const element = ancestor ? found.closest(ancestor)! : found;
      const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true })!;
      context.fillStyle = getComputedStyle(element).getPropertyValue(property!);
      context.fillRect(0, 0, 1, 1);
      const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((value) => {
        const part = value / 255;
        return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
    },
    [selector, property, ancestor],
  );
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
