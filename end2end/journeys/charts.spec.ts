// The chart of calls: read bar by bar, and told apart without colours.
import type { Page } from "@playwright/test";
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
  await expect(bars.last()).toHaveAccessibleName(/^\d\d:\d\d–now: [\d,]+ calls?, [\d,]+ failed \(/);
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
  await expect(page.getByRole("table", { name: "Calls and errors by hour" })).toBeVisible();
});

test("bars stand out from their ground in both themes", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  await open(page, `/support/tenants/${(await demo.tenant("critical")).id}`);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    const [ground, calls, errors] = await Promise.all([
      luminance(page, "#calls-chart", "background-color", "section"),
      luminance(page, ".bar-calls", "fill"),
      luminance(page, ".bar-errors", "fill"),
    ]);
    expect(contrast(ground, calls), `calls, ${colorScheme}`).toBeGreaterThanOrEqual(3);
    expect(contrast(ground, errors), `errors, ${colorScheme}`).toBeGreaterThanOrEqual(3);
  }
});

test("a chart without colours tells calls from errors", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  await open(page, `/support/tenants/${(await demo.tenant("critical")).id}`);
  await page.emulateMedia({ forcedColors: "active" });
  const fill = (selector: string) => page.locator(selector).first().evaluate((part) => getComputedStyle(part).fill);
  const swatch = (selector: string) =>
    page.locator(selector).evaluate((part) => getComputedStyle(part, "::before").backgroundColor);
  expect(await fill(`${BARS} .bar-calls`)).not.toBe(await fill(`${BARS} .bar-errors`));
  expect(await swatch(".legend-calls")).not.toBe(await swatch(".legend-errors"));
  expect(await swatch(".legend-errors")).toBe(await fill(`${BARS} .bar-errors`));
});

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
