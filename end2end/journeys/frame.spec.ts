// What stands around every page: where one is, what one chose, and where Back leads.
import type { Locator, Page } from "@playwright/test";
import { expect, expectNoSidewaysScroll, hold, open, test, title } from "../fixtures.ts";
import { createSession } from "../support/support-session.ts";

const SIDE = "navigation";

function lit(page: Page): Locator {
  return page.getByRole(SIDE, { name: "Main" }).locator("a[aria-current]");
}

test("the navigation is a group for support and the rest, says where one is, and leads to the page's heading", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const main = page.getByRole(SIDE, { name: "Main" });
  await expect(main.getByRole("list", { name: "Support" }).getByRole("link")).toHaveText([/^Tenant health/, /^View Sessions/]);
  await expect(main.getByRole("link")).toHaveText([/^Tenant health/, /^View Sessions/, "Audit log", "Rules", "Help"]);
  const tenant = await demo.tenant("healthy");
  const { id } = await createSession(page, tenant.id);
  const places: [path: string, name: RegExp, current: string][] = [
    ["/support", /^Tenant health/, "page"],
    [`/support/tenants/${tenant.id}`, /^Tenant health/, "true"],
    [`/support/tenants/${tenant.id}/create-session`, /^Tenant health/, "true"],
    ["/support/sessions", /^View Sessions/, "page"],
    [`/support/sessions/${id}`, /^View Sessions/, "true"],
    ["/audit", /^Audit log/, "page"],
    ["/support/rules", /^Rules/, "page"],
    ["/support/help", /^Help/, "page"],
  ];
  const titles = new Set<string>();
  for (const [path, name, current] of places) {
    await open(page, path);
    await expect(page.locator("h1"), path).toHaveCount(1);
    titles.add(await page.title());
    await expect(lit(page), path).toHaveText([name]);
    await expect(lit(page), path).toHaveAttribute("aria-current", current);
  }
  expect(titles.size, [...titles].join()).toBe(places.length);

  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.locator("#content")).toBeFocused();
  await main.getByRole("link", { name: "Audit log" }).click();
  await expect(title(page)).toHaveText("Audit log");
  await expect(title(page)).toBeFocused();
});

test("nothing leaves the navigation where text is twice as large", async ({ page, signIn }) => {
  await signIn("super_admin");
  for (const width of [1440, 1024, 800]) {
    await page.setViewportSize({ width, height: 900 });
    await page.evaluate(() => (document.documentElement.style.fontSize = "200%"));
    const { side, right } = await page.evaluate(() => {
      const side = document.querySelector(".side")!.getBoundingClientRect();
      const parts = [...document.querySelectorAll(".nav a, .nav a *, .brand, .live, .account summary")];
      return { side: side.right, right: Math.max(...parts.map((part) => part.getBoundingClientRect().right)) };
    });
    expect(right, `at ${width}`).toBeLessThanOrEqual(side);
    await expectNoSidewaysScroll(page, `overview with large text at ${width}`);
  }
});

test("Escape closes the account menu and gives the focus back", async ({ page, signIn }) => {
  await signIn("support_admin");
  const menu = page.locator("details.account");
  const opener = menu.locator("summary");
  await opener.focus();
  await page.keyboard.press("Enter");
  await expect(menu.getByRole("link", { name: "Change password" })).toBeVisible();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Escape");
  await expect(menu.getByRole("link", { name: "Change password" })).toBeHidden();
  await expect(opener).toBeFocused();
  await page.keyboard.press("Enter");
  await page.locator("main h1").click();
  await page.getByRole("searchbox").first().focus();
  await expect(menu).not.toHaveAttribute("open");
});

test("fourteen tenants stand on a laptop's screen, and the rows' height and the theme are choices that are kept", async ({ page, demo, signIn }) => {
  // Somebody without a support session, whose band would take room.
  await signIn(await demo.addStaff("Rosa Lind", "support_admin"));
  const rows = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr");
  const heights = () => rows.evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
  expect(new Set(await heights())).toEqual(new Set([40]));
  const bottom = await rows.nth(13).evaluate((row) => row.getBoundingClientRect().bottom);
  expect(bottom).toBeLessThanOrEqual(900);

  await page.locator("details.account summary").click();
  await page.getByLabel("Rows").selectOption("Comfortable");
  await page.getByLabel("Theme").selectOption("Dark");
  expect(Math.min(...(await heights()))).toBeGreaterThanOrEqual(48);
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => {
      const { density, theme } = document.documentElement.dataset;
      Object.assign(globalThis, { atFirst: `${density} ${theme}` });
    });
  });
  await page.reload();
  expect(await page.evaluate(() => Reflect.get(globalThis, "atFirst"))).toBe("comfortable dark");
  expect(Math.min(...(await heights()))).toBeGreaterThanOrEqual(48);
  await page.locator("details.account summary").click();
  await expect(page.getByLabel("Rows")).toHaveValue("comfortable");
  await expect(page.locator("html")).toHaveCSS("color-scheme", "dark");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await expect(page.locator("body")).toHaveCSS("animation-duration", "0.001s");
});

test("the acts of a row stand back until it is pointed at or has the focus, and are there for fingers", async ({ page, signIn, browser }) => {
  await signIn("support_admin");
  const row = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr").nth(2);
  const create = row.getByRole("link", { name: /^Create Support Session in / });
  const border = (of: Locator) => of.evaluate((link) => getComputedStyle(link).borderTopColor);
  await expect(create).toBeVisible();
  await page.mouse.move(5, 5);
  const quiet = await border(create);
  await row.hover();
  expect(await border(create)).not.toBe(quiet);
  await page.mouse.move(5, 5);
  await row.getByRole("link").first().focus();
  expect(await border(create)).not.toBe(quiet);

  const cookies = await page.context().cookies();
  for (const options of [{ hasTouch: true, isMobile: true, viewport: { width: 1024, height: 768 } }, { javaScriptEnabled: false }]) {
    const context = await browser.newContext({ baseURL: new URL(page.url()).origin, ...options });
    await context.addCookies(cookies);
    const other = await context.newPage();
    await other.goto("/support");
    const act = other.getByRole("link", { name: /^Create Support Session in / }).nth(2);
    expect(await border(act)).not.toBe(quiet);
    await context.close();
  }
});

test("the heads of columns stay in sight and never cover what has the focus", async ({ page, demo, signIn }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  for (const health of ["healthy", "warning"] as const) await createSession(page, (await demo.tenant(health)).id);
  await open(page, "/support?sort=name");
  const band = await page.locator("[data-band]").evaluate((band) => band.getBoundingClientRect().height);
  expect(band).toBeGreaterThan(80);
  const head = page.getByRole("columnheader", { name: "Tenant" });
  const links = page.getByRole("table", { name: "Tenant health" }).locator("tbody .name");
  await links.nth(40).focus();
  expect(await head.evaluate((head) => head.getBoundingClientRect().top)).toBeCloseTo(band, 0);
  for (let step = 0; step < 60; step += 1) {
    await page.keyboard.press("Shift+Tab");
    const covered = await page.evaluate(() => {
      const focus = document.activeElement!.getBoundingClientRect();
      const head = document.querySelector("thead th")!.getBoundingClientRect();
      return document.activeElement!.closest("tbody") !== null && focus.top < head.bottom - 0.5;
    });
    expect(covered, `after ${step + 1} steps`).toBe(false);
  }
});

test("a column is sorted by a button that takes Space and Enter, and is a link without JavaScript", async ({ page, browser, signIn }) => {
  await signIn("support_admin");
  const calls = page.getByRole("columnheader", { name: "API calls (24h)" });
  await calls.getByRole("button").focus();
  await page.keyboard.press("Space");
  await expect(page).toHaveURL("/support?sort=calls");
  await expect(calls).toHaveAttribute("aria-sort", "descending");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL("/support?sort=calls&dir=asc");
  await expect(page.locator("th[aria-sort]")).toHaveCount(1);

  const context = await browser.newContext({ baseURL: new URL(page.url()).origin, javaScriptEnabled: false });
  await context.addCookies(await page.context().cookies());
  const plain = await context.newPage();
  await plain.goto("/support");
  await plain.getByRole("columnheader", { name: "API calls (24h)" }).getByRole("link").click();
  await expect(plain).toHaveURL("/support?sort=calls");
  await context.close();
});

test("a list that is sorted before its filter is answered keeps both", async ({ session, another }) => {
  expect(session.id).toBeTruthy();
  const admin = await another("super_admin");
  const lists = [
    ["/support", "overview", "Health", "healthy", "Tenant", "health=healthy&sort=name", "ascending"],
    ["/support/sessions", "support_sessions", "Status", "ACTIVE", "Expires", "status=ACTIVE&sort=expires", "descending"],
    ["/audit", "audit_log", "Outcome", "success", "Time", "outcome=success&order=oldest", "ascending"],
    ["/admin/staff", "list_staff", "Role", "super_admin", "Last sign-in", "role=super_admin&sort=last_sign_in", "descending"],
    ["/admin/tenants", "managed_tenants", "Status", "active", "Created", "status=active&sort=created", "descending"],
  ] as const;
  for (const [path, answer, name, value, column, query, direction] of lists) {
    await open(admin, path);
    const filter = admin.getByRole("combobox", { name, exact: true });
    const head = admin.getByRole("columnheader", { name: column });
    const go = await hold(admin, answer);
    await filter.selectOption(value);
    await head.getByRole("button").click();
    await expect(admin).toHaveURL(`${path}?${query}`);
    await go();
    await expect(head).toHaveAttribute("aria-sort", direction);
    await expect(filter).toHaveValue(value);
    await expect(admin).toHaveURL(`${path}?${query}`);
  }
});

test("a list that is sorted before typing has rested keeps what is typed, and its order", async ({ page, signIn }) => {
  await page.clock.install();
  await signIn("super_admin");
  await open(page, "/audit");
  const go = await hold(page, "audit_log");
  await page.evaluate(() => {
    const field = document.querySelector<HTMLInputElement>("input[name=action]")!;
    field.value = "staff.signed_in";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.querySelector<HTMLElement>("th .sort")!.click();
  });
  const address = "/audit?action=staff.signed_in&order=oldest";
  await expect(page).toHaveURL(address);
  // Typing has rested now, and no answer has come.
  await page.clock.fastForward(1_000);
  await expect(page).toHaveURL(address);
  await go();
  await expect(page.getByRole("columnheader", { name: "Time" })).toHaveAttribute("aria-sort", "ascending");
  await expect(page).toHaveURL(address);
});

test("a page is not turned in a list that another filter is about to replace", async ({ session, another }) => {
  expect(session.id).toBeTruthy();
  const admin = await another("super_admin");
  const lists = [
    ["/support", "overview", "Health", "health", "healthy", "tenants"],
    ["/audit", "audit_log", "Outcome", "outcome", "success", "audit events"],
    ["/admin/staff", "list_staff", "Role", "role", "support_admin", "staff members"],
    ["/admin/tenants", "managed_tenants", "Status", "status", "active", "tenants"],
  ] as const;
  for (const [path, answer, name, part, value, what] of lists) {
    await open(admin, `${path}?limit=1`);
    const filter = admin.getByRole("combobox", { name, exact: true });
    const next = admin.getByRole("navigation", { name: `Pages of ${what}` }).getByRole("link", { name: "Next" });
    const go = await hold(admin, answer);
    await filter.selectOption(value);
    await next.click();
    await expect(admin).toHaveURL(`${path}?${part}=${value}&limit=1`);
    await go();
    await expect(next).toHaveAttribute("href", new RegExp(`${part}=${value}&`));
    await expect(admin).toHaveURL(`${path}?${part}=${value}&limit=1`);
    // The new list has pages to turn.
    await next.click();
    await expect(admin).toHaveURL(/[?&]cursor=/);
    expect(new URL(admin.url()).searchParams.get(part)).toBe(value);
    await expect(filter).toHaveValue(value);
  }
});

test("a card and a chip keep a filter that has no answer yet", async ({ session, another }) => {
  expect(session.id).toBeTruthy();
  const admin = await another("super_admin");
  await open(admin, "/support/sessions");
  let go = await hold(admin, "support_sessions");
  await admin.getByRole("group", { name: "Issued" }).getByRole("link", { name: "Today" }).click();
  const card = admin.getByRole("region", { name: "Counts" }).getByRole("link", { name: /^Active/ });
  await card.click();
  await expect(admin).toHaveURL("/support/sessions?status=ACTIVE&time=today");
  await go();
  await expect(card).toHaveAttribute("aria-current", "true");
  await expect(admin).toHaveURL("/support/sessions?status=ACTIVE&time=today");

  go = await hold(admin, "support_sessions");
  const status = admin.getByRole("combobox", { name: "Status", exact: true });
  await status.selectOption("REVOKED");
  const chips = admin.getByRole("list", { name: "Active filters" });
  await chips.getByRole("link", { name: /Issued/ }).click();
  await expect(admin).toHaveURL("/support/sessions?status=REVOKED");
  await go();
  await expect(chips.getByRole("link")).toHaveText([/Status: Revoked/, "Clear filters"]);
  await expect(status).toHaveValue("REVOKED");
});

test("a health card and an export keep what is typed before typing has rested", async ({ page, signIn }) => {
  await page.clock.install();
  await signIn("support_admin");
  await open(page, "/support");
  const go = await hold(page, "overview");
  const file = await page.evaluate(() => {
    const field = document.querySelector<HTMLInputElement>("input[name=q]")!;
    field.value = "har";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    const link = document.querySelector<HTMLElement>(".toolbar a[href*='format=csv']")!;
    link.addEventListener("click", (event) => event.preventDefault());
    link.click();
    document.querySelector<HTMLElement>(".cards a[href*='health=critical']")!.click();
    return link.getAttribute("href");
  });
  expect(file).toBe("/export/tenants?format=csv&q=har");
  const address = "/support?q=har&health=critical";
  await expect(page).toHaveURL(address);
  // Typing has rested now, and no answer has come.
  await page.clock.fastForward(1_000);
  await expect(page).toHaveURL(address);
  await go();
  await expect(page.getByRole("searchbox")).toHaveValue("har");
  await expect(page).toHaveURL(address);
});

test("each row of tenants is named by its first cell", async ({ page, signIn }) => {
  await signIn("support_admin");
  const rows = page.getByRole("table", { name: "Tenant health" }).locator("tbody tr");
  await expect(rows.first().getByRole("rowheader")).toHaveCount(1);
});

test("Back leads to the place and the link that one left from", async ({ page, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support?sort=name");
  const link = page.getByRole("table", { name: "Tenant health" }).locator("tbody .name").nth(35);
  await link.scrollIntoViewIfNeeded();
  const top = await page.evaluate(() => scrollY);
  expect(top).toBeGreaterThan(300);
  const name = await link.locator("strong").innerText();
  await link.focus();
  await page.keyboard.press("Enter");
  await expect(title(page)).toHaveText(name);
  await page.goBack();
  await expect(link).toBeFocused();
  expect(Math.abs((await page.evaluate(() => scrollY)) - top)).toBeLessThan(5);
});

test("a dialog that a row opened gives the focus back to the row", async ({ page, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support?sort=name");
  const opener = page.getByRole("link", { name: /^Create Support Session in / }).nth(3);
  await opener.focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("dialog").getByLabel("Reason")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page).toHaveURL("/support?sort=name");
  await expect(opener).toBeFocused();
});

test("Back brings the search box in step with the address", async ({ page, signIn }) => {
  await signIn("support_admin");
  await open(page, "/support?q=har");
  await page.getByRole("columnheader", { name: "Tenant" }).getByRole("button").click();
  await expect(page).toHaveURL("/support?q=har&sort=name");
  const search = page.getByRole("searchbox");
  await search.fill("lumen");
  await expect(page).toHaveURL("/support?q=lumen&sort=name");
  await expect(search).toBeFocused();
  await page.goBack();
  await expect(page).toHaveURL("/support?q=har");
  await expect(search).toHaveValue("har");
});
