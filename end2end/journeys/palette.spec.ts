// Ctrl or ⌘ K: anything from anywhere, by keyboard alone. And the keys of lists.
import type { Locator, Page } from "@playwright/test";
import { expect, expectNoViolations, open, test, title } from "../fixtures.ts";
import { createSession, expectLive } from "../support/support-session.ts";

function palette(page: Page): { dialog: Locator; field: Locator; list: Locator; options: Locator } {
  const dialog = page.getByRole("dialog", { name: "Find anything" });
  return { dialog, field: dialog.getByRole("combobox"), list: dialog.getByRole("listbox"), options: dialog.getByRole("option") };
}

test("a tenant, a session, a staff member, a page and an act are a few keys away", async ({ page, session }) => {
  const { tenant } = session;
  await open(page, "/support/help");
  const { dialog, field, options, list } = palette(page);
  const go = async (text: string, name: RegExp, address: RegExp) => {
    await page.keyboard.press("ControlOrMeta+k");
    await expect(field).toBeFocused();
    await page.keyboard.type(text);
    await expect(list).toHaveAttribute("aria-busy", "false");
    const option = options.filter({ hasText: name }).first();
    await expect(option).toBeVisible();
    for (let step = 0; (await option.getAttribute("aria-selected")) !== "true" && step < 12; step += 1) {
      await page.keyboard.press("ArrowDown");
    }
    await expect(field).toHaveAttribute("aria-activedescendant", (await option.getAttribute("id")) ?? "no id");
    await page.keyboard.press("Enter");
    await expect(page, text).toHaveURL(address);
    await expect(dialog).toHaveCount(0);
  };
  await go(tenant.name.slice(0, 6).toUpperCase(), new RegExp(`^${tenant.name}`), new RegExp(`/support/tenants/${tenant.id}$`));
  await expect(title(page)).toHaveText(tenant.name);
  await go("ida brandt", new RegExp(`^Ida Brandt in ${tenant.name}`), new RegExp(`/support/sessions/${session.id}$`));
  await go("ida", /^Ida Brandt\s*support sessions/, /\/support\/sessions\?staff=/);
  await go("rul", /^Rules/, /\/support\/rules$/);
  await open(page, `/support/tenants/${tenant.id}`);
  await go("create", /^Create Support Session/, new RegExp(`/support/tenants/${tenant.id}/create-session$`));
});

test("any pasted identifier lands on its page, Enter at once", async ({ page, demo, session }) => {
  const { id, token, tenant } = session;
  const answer = await demo.request(token, "/v1/whoami");
  const request = answer.headers.get("x-request-id") ?? "";
  await open(page, `/audit?session=${id}`);
  const event = (await page.locator("tbody a[href*='/audit/events/']").first().getAttribute("href")) ?? "";
  const named: [text: string, address: RegExp][] = [
    [tenant.id, new RegExp(`/support/tenants/${tenant.id}$`)],
    [id, new RegExp(`/support/sessions/${id}$`)],
    [`"${request}",`, new RegExp(`/support/requests/${request}$`)],
    [event.split("/").pop() ?? "", new RegExp(`${event}$`)],
  ];
  for (const [text, address] of named) {
    await open(page, "/support/help");
    await page.keyboard.press("ControlOrMeta+k");
    const { field } = palette(page);
    await expect(field).toBeFocused();
    await field.fill(text);
    await page.keyboard.press("Enter");
    await expect(page, text).toHaveURL(address);
  }
});

test("the palette keeps the focus, closes by Escape, and gives it back", async ({ page, signIn }) => {
  await signIn("support_admin");
  const { dialog, field, options } = palette(page);
  const search = page.getByRole("searchbox");
  await search.focus();
  await page.keyboard.press("ControlOrMeta+k");
  await expect(field).toBeFocused();
  await expectNoViolations(page, "palette");
  for (let step = 0; step < 3; step += 1) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement?.closest("dialog") !== null || document.activeElement === document.body)).toBe(true);
  }
  await field.focus();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(search).toBeFocused();

  await page.getByRole("button", { name: /^Find anything/ }).click();
  await field.fill("no such thing anywhere");
  await expect(options).toHaveCount(0);
  await expect(dialog).toContainText("Nothing found.");
  await expect(dialog.getByRole("status")).toHaveText("No results");
});

test("an answer to an older text is never shown over a newer one", async ({ page, demo, signIn }) => {
  const tenant = await demo.registerTenant("Zephyr Archive");
  await signIn("support_admin");
  let first = true;
  await page.route("**/_fn/find_by_name", async (route) => {
    const isFirst = first;
    first = false;
    if (isFirst) await new Promise((done) => setTimeout(done, 1_500));
    await route.continue().catch(() => undefined);
  });
  await page.keyboard.press("ControlOrMeta+k");
  const { field, options } = palette(page);
  const asked = page.waitForRequest("**/_fn/find_by_name");
  await field.fill("verdant");
  await asked;
  await field.fill("zephyr");
  await expect(options.filter({ hasText: tenant.name }).first()).toBeVisible();
  await page.waitForResponse("**/_fn/find_by_name");
  await expect(options.filter({ hasText: /verdant/i })).toHaveCount(0);
  await expect(options.filter({ hasText: tenant.name }).first()).toBeVisible();
});

test("the line that was moved to stays chosen when an answer comes above it, and Enter takes it at once", async ({ page, session }) => {
  const { tenant } = session;
  await open(page, "/support/help");
  let answer = (): void => undefined;
  await page.route("**/_fn/find_by_name", async (route) => {
    await new Promise<void>((done) => (answer = done));
    await route.continue();
  });
  const { field, list, options } = palette(page);
  const own = options.filter({ hasText: /^Revoke Session/ });
  const chooseOwn = async (): Promise<void> => {
    const asked = page.waitForRequest("**/_fn/find_by_name");
    await page.keyboard.press("ControlOrMeta+k");
    await field.fill(tenant.name);
    await asked;
    await page.keyboard.press("ArrowDown");
    await expect(own).toHaveAttribute("aria-selected", "true");
  };
  await chooseOwn();
  const before = await own.getAttribute("id");
  answer();
  await expect(list).toHaveAttribute("aria-busy", "false");
  await expect(own).toHaveAttribute("aria-selected", "true");
  expect(await own.getAttribute("id"), "the tenant stands above it").not.toBe(before);
  await page.keyboard.press("Escape");

  await chooseOwn();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`/support/sessions/${session.id}/revoke`);
  answer();
});

test("what was typed, chosen and sent outlasts a change of one's sessions, and no key goes astray meanwhile", async ({ page, another, demo, signIn }) => {
  const ida = await demo.addStaff("Ida Brandt", "support_admin");
  const tenant = await demo.registerTenant("Quillon Archive");
  await signIn(ida);
  await expectLive(page);
  const elsewhere = await another(ida);
  const asked = page.waitForRequest("**/_fn/find_by_name");
  let answer = (): void => undefined;
  await page.route("**/_fn/find_by_name", async (route) => {
    await new Promise<void>((done) => (answer = done));
    await route.continue();
  });
  await page.keyboard.press("ControlOrMeta+k");
  const { dialog, field, options } = palette(page);
  await field.fill("quillon");
  await asked;
  await page.keyboard.press("Enter");
  const again = page.waitForResponse("**/_fn/signed_in");
  await createSession(elsewhere, tenant.id);
  await again;
  answer();
  await expect(page).toHaveURL(`/support/tenants/${tenant.id}`);
  await expect(dialog).toHaveCount(0);

  await page.unroute("**/_fn/find_by_name");
  await page.keyboard.press("ControlOrMeta+k");
  await field.fill("quillon");
  await expect(options.nth(1)).toBeVisible();
  await page.keyboard.press("ArrowDown");
  const chosen = options.nth(1);
  await expect(chosen).toHaveAttribute("aria-selected", "true");
  await field.evaluate((field) => (field.dataset["same"] = "yes"));
  const anew = page.waitForResponse("**/_fn/signed_in");
  await createSession(elsewhere, tenant.id);
  await anew;
  await expect(page.locator("[data-band]")).toContainText(`${tenant.name}`);
  await expect(field).toHaveAttribute("data-same", "yes");
  await expect(field).toBeFocused();
  await expect(field).toHaveValue("quillon");
  await expect(chosen).toHaveAttribute("aria-selected", "true");
});

test("single keys search, move along rows and show themselves; not in fields, and not where they are off", async ({ page, signIn }) => {
  await signIn("support_admin");
  const search = page.getByRole("searchbox");
  const names = page.getByRole("table", { name: "Tenant health" }).locator("tbody a.name");
  await page.keyboard.press("/");
  await expect(search).toBeFocused();
  await page.keyboard.type("jk/?");
  await expect(search).toHaveValue("jk/?");
  await search.fill("");
  await expect(page).toHaveURL("/support");
  await page.locator("h1").click();
  await page.keyboard.press("j");
  await expect(names.first()).toBeFocused();
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await expect(names.nth(1)).toBeFocused();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(help).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(help).toHaveCount(0);
  await expect(names.nth(1)).toBeFocused();
  const name = await names.nth(1).locator("strong").innerText();
  await page.keyboard.press("Enter");
  await expect(title(page)).toHaveText(name);

  await page.locator("details.account summary").click();
  await page.getByLabel("Single-key shortcuts").selectOption("Off");
  await open(page, "/support");
  await page.locator("h1").click();
  for (const key of ["/", "j", "?"]) await page.keyboard.press(key);
  await expect(search).not.toBeFocused();
  await expect(help).toHaveCount(0);
  await page.keyboard.press("ControlOrMeta+k");
  await expect(palette(page).field).toBeFocused();
});

test("a dialog has the keyboard for itself", async ({ page, demo, signIn }) => {
  await signIn("support_admin");
  const tenant = await demo.tenant("healthy");
  await open(page, `/support/tenants/${tenant.id}/create-session`);
  await page.keyboard.press("ControlOrMeta+k");
  await expect(palette(page).dialog).toHaveCount(0);
});

test("what the palette offers is what one may do", async ({ page, demo, signIn, another }) => {
  await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
  const { dialog, options } = palette(page);
  await page.keyboard.press("ControlOrMeta+k");
  await expect(options.filter({ hasText: "Revoke Session" })).toHaveCount(0);
  await page.keyboard.press("Escape");
  await createSession(page, (await demo.tenant("healthy")).id);
  await open(page, "/support");
  await page.keyboard.press("ControlOrMeta+k");
  await expect(options.filter({ hasText: "Revoke Session" })).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  const other = await another(await demo.addStaff("Teo Salas", "support_admin"));
  await other.keyboard.press("ControlOrMeta+k");
  await expect(palette(other).options.filter({ hasText: "Revoke Session" })).toHaveCount(0);
});
