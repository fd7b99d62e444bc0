// What differs between browsers, in Debian's Firefox: cookies, streams, dialogs, pages on other hosts. Playwright
// drives only its own build of Firefox, so these journeys use WebDriver BiDi.
import { expect, test } from "@playwright/test";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { BROWSERS, openShadowRoots, STRICT_PAGES, textOfBanner } from "../support/banner.ts";
import type { Account, Console } from "../support/console.ts";
import { Demo } from "../support/demo.ts";
import { change } from "../support/others.ts";
import { html, Pages, page as always } from "../support/pages.ts";
import { Served } from "../support/served.ts";

let demo: Demo;

test.beforeAll(async () => {
  demo = await Demo.start();
});
test.afterAll(() => demo.stop());

/** Starts Firefox with a profile of its own. */
async function firefox(prefs: Record<string, unknown> = {}): Promise<Browser> {
  const executablePath = process.env.SUPPORT_CONSOLE_FIREFOX ?? "/usr/bin/firefox-esr";
  return puppeteer.launch({ browser: "firefox", executablePath, headless: true, extraPrefsFirefox: prefs });
}

async function signIn(page: Page, { console }: Console = demo, account: Account = demo.account("super_admin")): Promise<void> {
  const { email, password } = account;
  await page.goto(`${console}/sign-in`);
  await page.locator("input[name=email]").fill(email);
  await page.locator("input[name=password]").fill(password);
  await Promise.all([page.waitForNavigation(), page.locator("form button[type=submit]").click()]);
}

/** Opens the dialog for a support session in a tenant. */
async function openDialog(page: Page, { console }: Console, tenantId: string): Promise<void> {
  await page.goto(`${console}/support/tenants/${tenantId}/create-session`);
  await page.waitForSelector("html[data-hydrated=true]");
}

/** Fills in the dialog and sends it. */
async function create(page: Page): Promise<void> {
  await page.locator("textarea[name=reason]").fill("Invoices fail since this morning");
  await page.locator("dialog button[type=submit]").click();
  await shows(page, "Support session created");
}

/** Opens the tenant of the support session that the page shows, in a new tab. */
async function enter(page: Page): Promise<Page> {
  const opened = new Promise<Page | null>((open) => page.once("popup", open));
  await page.locator("a[href^='/support/enter/']").click();
  const tab = await opened;
  if (!tab) throw new Error("no tab was opened");
  await tab.waitForSelector("support-console-banner");
  return tab;
}

/** Waits for a text of the page. */
async function shows(page: Page, text: string): Promise<void> {
  const isThere = (text: string) => document.body.innerText.includes(text);
  await page.waitForFunction(isThere, { timeout: 30_000 }, text);
}

test("a support session is created, seen live, opened in the tenant and ended there", async () => {
  const browser = await firefox();
  try {
    const page = await browser.newPage();
    await signIn(page);
    await page.waitForSelector("html[data-hydrated=true]");
    expect(new URL(page.url()).pathname).toBe("/support");

    const tenant = await demo.tenant("healthy");
    await openDialog(page, demo, tenant.id);
    await create(page);
    const token = await page.$eval("[aria-labelledby=token-label] code", (code) => code.textContent ?? "");
    const path = await page.$eval("dialog a[href^='/support/sessions/']", (link) => link.getAttribute("href"));

    await page.goto(`${demo.console}${path}`);
    await page.waitForSelector(".live[data-state=connected]");
    expect((await demo.request(token, "/v1/whoami")).status).toBe(200);
    await shows(page, "/v1/whoami");

    const tab = await enter(page);
    expect(new URL(tab.url()).hostname).toMatch(/^s-[a-z2-7]{32}\.localhost$/);
    await shows(tab, tenant.name);

    // The banner is in a closed shadow root: it is the last stop of Tab.
    await tab.keyboard.down("Shift");
    await tab.keyboard.press("Tab");
    await tab.keyboard.press("Tab");
    await tab.keyboard.up("Shift");
    await Promise.all([tab.waitForNavigation(), tab.keyboard.press("Enter")]);
    await shows(tab, "Support session ended");
    await shows(page, "Revoked");
  } finally {
    await browser.close();
  }
});

test("a browser that keeps no cookies is told so", async () => {
  const browser = await firefox({ "network.cookie.cookieBehavior": 2 });
  try {
    const page = await browser.newPage();
    await signIn(page);
    await shows(page, "Your browser didn't keep the sign-in's cookie.");
    // As where cookies are blocked in a frame of another site.
    await shows(page, "If the console is shown inside another page");
  } finally {
    await browser.close();
  }
});

test("the banner stands on pages with strict policies", async () => {
  const pages = await Pages.start({ "/": always(html("", "<p>First")), ...STRICT_PAGES });
  const served = await Served.start(pages.url, BROWSERS);
  const browser = await firefox();
  try {
    const page = await browser.newPage();
    await signIn(page, served, await served.addAcme());
    await openDialog(page, served, "acme");
    await create(page);
    const tab = await enter(page);
    const { origin } = new URL(tab.url());
    await tab.evaluateOnNewDocument(openShadowRoots);
    // Puppeteer's own helpers may be stopped by these pages' policies.
    const text = `(${textOfBanner})(document.querySelector("support-console-banner"))`;
    const said = async () => `${await tab.evaluate(text).catch(() => "no banner")}`;
    for (const path of Object.keys(STRICT_PAGES)) {
      await tab.goto(`${origin}${path}`);
      await expect.poll(said, path).toMatch(/Support session \d+:\d\d left .*Ana Silva in Acme/);
    }
  } finally {
    await browser.close();
    await served.stop();
    await pages.stop();
  }
});

for (const isLive of [false, true]) {
  const when = isLive ? "while it is live" : "before it is live";
  test(`a page that a translator changes ${when} says that it is not, and its form works`, async () => {
    const browser = await firefox();
    try {
      const page = await browser.newPage();
      await signIn(page);
      const path = `/support/tenants/${(await demo.tenant("healthy")).id}/create-session`;
      if (!isLive) await page.evaluateOnNewDocument(change, { what: "wrap", isLive });
      await page.goto(`${demo.console}${path}`);
      if (isLive) {
        await page.waitForSelector("html[data-hydrated=true]");
        await page.evaluate(change, { what: "wrap", isLive });
      }
      await shows(page, "This page is not live");
      await create(page);
    } finally {
      await browser.close();
    }
  });
}
