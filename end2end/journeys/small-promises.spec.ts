// What docs/ux.md promises and no story of its own tells.
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, hold, open, test, title } from "../fixtures.ts";
import { createDialog, logRow, openSession } from "../support/support-session.ts";

test("each promise names journeys that there are", async () => {
  const root = new URL("../../", import.meta.url);
  const promises = await readFile(new URL("docs/ux.md", root), "utf8");
  const lines = [...promises.matchAll(/^\| (\d+) \| .+ \| (.+) \|$/gm)];
  expect(lines.map(([, number]) => Number(number))).toEqual(Array.from({ length: 54 }, (_, at) => at + 1));
  for (const [, number, held] of lines) {
    for (const [, file, title] of held!.matchAll(/`([a-z-]+): ([^`]+)`/g)) {
      const journeys = await readFile(new URL(`end2end/journeys/${file}.spec.ts`, root), "utf8");
      const starts = ['"', "`"].map((quote) => `test(${quote}${title}`);
      expect(starts.some((start) => journeys.includes(start)), `${number}: ${file}: ${title}`).toBe(true);
    }
  }
});

test("telemetry that stops marks every health as stale, without a colour, and says since when", async ({ page, demo, signIn }) => {
  await signIn("super_admin");
  await demo.traffic("off");
  try {
    // Calls that are under way are reported yet.
    await expect(async () => {
      await demo.advance("6m");
      await open(page, "/support");
      await expect(page.getByRole("status").getByText(/^No telemetry since \d\d:\d\d/)).toBeVisible({ timeout: 3_000 });
      const badges = page.getByRole("table", { name: "Tenant health" }).locator(".badge");
      const looks = await badges.evaluateAll((badges) => badges.map((badge) => [badge.className, badge.textContent!.split(" · ")[1]].join()));
      expect(new Set(looks)).toEqual(new Set(["badge stale,stale"]));
    }).toPass();
  } finally {
    await demo.traffic("on");
  }
  // The figures come back by themselves.
  await expect(page.getByText(/^No telemetry since/)).toHaveCount(0);
});

test("new requests wait behind a button while the pointer or the focus is in the log", async ({ page, demo, session }) => {
  await openSession(page, session.id);
  await demo.request(session.token, "/v1/whoami");
  const table = page.getByRole("table", { name: "Access Logs" });
  await expect(table.locator("tbody tr")).toHaveCount(1);
  await table.hover();
  const { headers } = await demo.request(session.token, "/v1/invoices");
  const waiting = page.getByRole("button", { name: "1 new request" });
  await expect(waiting).toBeVisible();
  await expect(table.locator("tbody tr")).toHaveCount(1);
  await waiting.press("Enter");
  await expect(logRow(page, headers.get("x-request-id"))).toBeVisible();
  await expect(page.getByRole("heading", { name: "Access Logs" })).toBeFocused();
  // They come by themselves once the pointer leaves.
  const next = await demo.request(session.token, "/v1/users");
  await expect(waiting).toBeVisible();
  await page.mouse.move(0, 0);
  await expect(logRow(page, next.headers.get("x-request-id"))).toBeVisible();
  const link = logRow(page, next.headers.get("x-request-id")).getByRole("link").first();
  await link.focus();
  const last = await demo.request(session.token, "/v1/whoami");
  await expect(waiting).toBeVisible();
  await expect(link).toBeFocused();
  await title(page).focus();
  await expect(logRow(page, last.headers.get("x-request-id"))).toBeVisible();
});

test("a part of a page that fails leaves the rest, with what to do", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const tenant = await demo.tenant("healthy");
  await page.route(/\/_fn\/list_(audit_events|support_sessions)$/, (route) => route.abort());
  await page.locator(`a.name[href="/support/tenants/${tenant.id}"]`).or(page.getByRole("searchbox")).first().waitFor();
  await page.getByRole("searchbox").fill(tenant.id);
  await page.locator(`a.name[href="/support/tenants/${tenant.id}"]`).click();
  await expect(title(page)).toHaveText(tenant.name);
  await expect(page.getByRole("alert")).toHaveCount(2);
  await expect(page.getByText("The audit events could not be loaded.")).toBeVisible();
  await expect(page.getByRole("region", { name: "Calls and errors, 24 hours" })).toBeVisible();
  await expect(page.getByRole("link", { name: "Create Support Session" })).toBeVisible();
});

test("a busy button keeps its label and the focus, and sends once", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const { id } = await demo.tenant("healthy");
  await open(page, `/support/tenants/${id}/create-session`);
  let go = () => {};
  const held = new Promise<void>((done) => (go = done));
  const sent: string[] = [];
  await page.route(/\/_fn\/create_support_session$/, async (route) => {
    sent.push(route.request().url());
    await held;
    await route.continue();
  });
  await createDialog(page).getByLabel("Reason").fill("Invoices fail since this morning");
  const button = createDialog(page).getByRole("button", { name: "Create Session" });
  await button.focus();
  await page.keyboard.press("Enter");
  await expect(button).toHaveAttribute("aria-busy", "true");
  await expect(button).toHaveText("Create Session");
  await expect(button).toBeFocused();
  await page.keyboard.press("Enter");
  go();
  await expect(page.getByRole("dialog", { name: "Support session created" })).toBeVisible();
  expect(sent).toHaveLength(1);
});

test("a copied identifier is said to be copied", async ({ page, context, session }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await openSession(page, session.id);
  const button = page.getByRole("button", { name: "Copy session ID" });
  await button.click();
  await expect(page.getByRole("status").filter({ hasText: /^Copied$/ })).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(session.id);
});

test("nothing says that it loads before a moment has passed", async ({ page, signIn }) => {
  await signIn("support_admin");
  const delay = await page.evaluate(() => {
    const line = document.createElement("p");
    line.className = "loading";
    document.body.append(line);
    const { animationDelay, visibility } = getComputedStyle(line);
    line.remove();
    return { animationDelay, visibility };
  });
  expect(delay).toEqual({ animationDelay: "0.2s", visibility: "hidden" });
});

test("what takes long says that it loads and is marked as busy, and a filter keeps the rows until its answer", async ({ page, session }) => {
  expect(session.id).toBeTruthy();
  await open(page, "/support");
  let go = await hold(page, "support_sessions");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: /^View Sessions/ }).click();
  const loading = page.getByText("Loading support sessions…");
  await expect(loading).toBeVisible();
  await expect(loading).toHaveAttribute("aria-busy", "true");
  await go();
  const rows = page.getByRole("table", { name: "Support sessions" }).locator("tbody tr");
  await expect(rows).not.toHaveCount(0);
  await expect(loading).toHaveCount(0);

  go = await hold(page, "support_sessions");
  await page.getByRole("combobox", { name: "Status", exact: true }).selectOption("ACTIVE");
  await expect(page).toHaveURL("/support/sessions?status=ACTIVE");
  await expect(rows).not.toHaveCount(0);
  await expect(loading).toHaveCount(0);
  await go();
  await expect(page.getByRole("list", { name: "Active filters" })).toContainText("Status: Active");
});

test("the focus ring and the borders of fields stand out from their ground in both themes", async ({ page, signIn }) => {
  await signIn("support_admin");
  const control = page.getByRole("link", { name: "View Sessions" }).first();
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.keyboard.press("Tab");
    await control.focus();
    const { ring, width } = await control.evaluate((part) => {
      const { outlineColor, outlineWidth } = getComputedStyle(part);
      return { ring: outlineColor, width: outlineWidth };
    });
    expect(width).toBe("2px");
    for (const ground of ["body", "header.side", ".card"]) {
      const colour = await page.locator(ground).first().evaluate((part) => getComputedStyle(part).backgroundColor);
      expect(await contrast(page, ring, colour), `${ground}, ${colorScheme}`).toBeGreaterThanOrEqual(3);
    }
    const field = await page.getByRole("combobox", { name: "Health" }).evaluate((field) => {
      const { borderTopColor, backgroundColor } = getComputedStyle(field);
      return { border: borderTopColor, ground: backgroundColor };
    });
    expect(await contrast(page, field.border, field.ground), `field, ${colorScheme}`).toBeGreaterThanOrEqual(3);
  }
});

test("figures of a column have digits of one width, and stand at its end", async ({ page, signIn }) => {
  await signIn("support_admin");
  const cells = page.getByRole("table", { name: "Tenant health" }).locator("tbody td.numeric");
  const looks = await cells.evaluateAll((cells) =>
    cells.map((cell) => `${getComputedStyle(cell).fontVariantNumeric} ${getComputedStyle(cell).textAlign}`),
  );
  expect(new Set(looks)).toEqual(new Set(["tabular-nums end"]));
});

test("an audit log prints without buttons and cuts no word", async ({ page, session, another }) => {
  expect(session.id).toBeTruthy();
  const auditor = await another("super_admin");
  for (const path of ["/audit?category=support_session", "/audit"]) {
    await open(auditor, path);
    await auditor.emulateMedia({ media: "print" });
    await auditor.setViewportSize({ width: 718, height: 1000 });
    for (const gone of [".side", ".button", ".pager", ".filters"]) {
      for (const part of await auditor.locator(gone).all()) await expect(part, gone).toBeHidden();
    }
    await expect(auditor.getByText("Support session created").first()).toBeVisible();
    expect(await auditor.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(718);
  }
  expect(page.url()).toContain("/support");
});

test("audit and session pages print in ink that white paper shows, in the dark theme too", async ({ page, demo, session }) => {
  await demo.request(session.token, "/v1/whoami");
  await page.emulateMedia({ colorScheme: "dark", media: "print" });
  for (const path of [`/support/sessions/${session.id}`, "/audit"]) {
    await open(page, path);
    await expect(page.getByRole("main").locator("tbody tr").first()).toBeVisible();
    const inks = await page.getByRole("main").evaluate((main) => {
      const hasText = (part: Element) => [...part.childNodes].some((node) => node instanceof Text && node.data.trim());
      const shown = [...main.querySelectorAll("*")].filter((part) => part.checkVisibility() && hasText(part));
      return [...new Set(shown.map((part) => getComputedStyle(part).color))];
    });
    expect(inks, path).not.toEqual([]);
    // Printers leave grounds out, and colours may become grays.
    for (const ink of inks) expect(await contrast(page, ink, "white"), `${path}: ${ink}`).toBeGreaterThanOrEqual(4.5);
  }
});

/** The contrast of two colours (WCAG 2.2 §1.4.3), as the browser paints them. */
async function contrast(page: Page, one: string, other: string): Promise<number> {
  return page.evaluate(
    ([one, other]) => {
      const luminance = (colour: string) => {
        const canvas = new OffscreenCanvas(1, 1).getContext("2d")!;
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
          const part = value / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
      };
      const [light, dark] = [luminance(one!), luminance(other!)].sort((a, b) => b - a);
      return (light! + 0.05) / (dark! + 0.05);
    },
    [one, other],
  );
}
