// Common actions of journeys on pages.
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, expect, type Locator, type Page, test } from "@playwright/test";
import type { Account } from "./console.ts";

/** Opens a page and waits until it is hydrated. */
export async function open(page: Page, path: string): Promise<void> {
  await page.goto(path);
  await expectHydrated(page);
}

/** Before this a click may submit the plain form behind a button. After it, it never does. */
export async function expectHydrated(page: Page): Promise<void> {
  await expect(page.locator("html")).toHaveAttribute("data-hydrated", "true");
}

export async function signInAs(page: Page, account: Account): Promise<void> {
  await open(page, "/sign-in");
  await fillSignIn(page, account);
  await expect(page).not.toHaveURL(/sign-in/);
  await expectHydrated(page);
}

/** The same where no script runs. */
export async function signInPlainly(page: Page, account: Account): Promise<void> {
  await page.goto("/sign-in");
  await fillSignIn(page, account);
  await expect(title(page)).toHaveText("Tenant health");
}

/** A page of another browser, without JavaScript. Close its context at the end. */
export async function plainPage(browser: Browser, baseURL: string, account?: Account): Promise<Page> {
  const context = await browser.newContext({ baseURL, javaScriptEnabled: false });
  const page = await context.newPage();
  if (account) await signInPlainly(page, account);
  return page;
}

/** Fills in the form of the sign-in page and sends it. */
export async function fillSignIn(page: Page, { email, password }: Pick<Account, "email" | "password">): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** The title of the page. */
export function title(page: Page): Locator {
  return page.getByRole("heading", { level: 1 });
}

/** The value beside a term of a description list. */
export function fact(within: Locator, term: string): Locator {
  return within.locator("dt", { hasText: new RegExp(`^${term}$`) }).locator("xpath=following-sibling::dd[1]");
}

/** Only the boxes of tables may be wider than the window (WCAG 1.4.10). The journey continues after a finding. */
export async function expectNoSidewaysScroll(page: Page, name: string): Promise<void> {
  const widths = await page.evaluate(() => ({
    window: document.documentElement.clientWidth,
    page: document.documentElement.scrollWidth,
  }));
  expect.soft(widths.page, `${name}: width of the page`).toBe(widths.window);
}

/** Rows of a table that are like those above them. */
const ROWS_ALIKE = "tbody tr:nth-child(n + 11)";

/**
 * WCAG 2.2 level AA, as far as a program can check it. The journey continues after a finding. `except` selects what is left
 * out.
 */
export async function expectNoViolations(page: Page, name: string, except?: string): Promise<void> {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
  await expectNone(axe(page, except).withTags(tags), name);
}

function axe(page: Page, except?: string): AxeBuilder {
  const builder = new AxeBuilder({ page });
  return except === undefined ? builder : builder.exclude(except);
}

async function expectNone(axe: AxeBuilder, name: string): Promise<void> {
  const { violations } = await axe.analyze();
  const found = violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map((node) => node.target.join(" ")) }));
  expect.soft(found, name).toEqual([]);
}

/**
 * The page is usable by everyone in both themes, and fits a wide and a narrow window. The first rows of a table stand for
 * all.
 */
export async function expectInBothThemes(page: Page, name: string): Promise<void> {
  await expectToFit(page, name);
  await expectInTheDark(page, name, ROWS_ALIKE);
}

/** What differs in the dark theme: the contrast. */
export async function expectInTheDark(page: Page, name: string, except?: string): Promise<void> {
  await page.emulateMedia({ colorScheme: "dark" });
  await takePicture(page, `${name}, dark`);
  await expectNone(axe(page, except).withRules("color-contrast"), `${name}, dark`);
  await page.emulateMedia({ colorScheme: "light" });
}

/** The same in the light theme. */
async function expectToFit(page: Page, name: string): Promise<void> {
  await expectNoViolations(page, name, ROWS_ALIKE);
  const wide = page.viewportSize() ?? { width: 1440, height: 900 };
  for (const size of [{ width: 390, height: 844 }, wide]) {
    await page.setViewportSize(size);
    await expectNoSidewaysScroll(page, `${name} at ${size.width} px`);
    await takePicture(page, `${name} at ${size.width} px`);
  }
}

/** `SUPPORT_CONSOLE_PICTURES=/some/folder make journeys ARGS=every-page` saves pictures of pages there. */
export async function takePicture(page: Page, name: string): Promise<void> {
  const folder = process.env.SUPPORT_CONSOLE_PICTURES;
  if (!folder) return;
  const path = join(folder, `${name.replaceAll(/[ /]+/g, "-")}.${test.info().project.name}.png`);
  // A dialog covers the window, not the page.
  const fullPage = (await page.getByRole("dialog").count()) === 0;
  await page.screenshot({ path, fullPage, animations: "disabled" });
}

/** Holds the answers of a server function back until what it returns is called. */
export async function hold(page: Page, name: string): Promise<() => Promise<void>> {
  let go = () => {};
  const held = new Promise<void>((done) => (go = done));
  const path = `**/_fn/${name}`;
  await page.route(path, async (route) => {
    await held;
    await route.continue().catch(() => undefined);
  });
  return async () => {
    go();
    await page.unroute(path);
  };
}

/** Notes what live regions of the page say from now on. Returns what reads the notes. */
export async function hear(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const said: string[] = [];
    Object.assign(globalThis, { said });
    const note = (records: MutationRecord[]) => {
      for (const { target } of records) {
        const region = (target instanceof Element ? target : target.parentElement)?.closest("[role=status], [role=alert], [aria-live]");
        const text = region?.textContent?.trim();
        if (text && said.at(-1) !== text) said.push(text);
      }
    };
    new MutationObserver(note).observe(document.body, { childList: true, characterData: true, subtree: true });
  });
  return () => page.evaluate(() => Reflect.get(globalThis, "said") as string[]);
}
