// The banner on difficult pages of platforms: strict policies, a foreign base, pages that replace themselves.
import type { CDPSession, Page, Route } from "@playwright/test";
import { expect, test } from "../fixtures.ts";
import { BROWSERS, openShadowRoots, STRICT_PAGES, textOfBanner } from "../support/banner.ts";
import { html, page, type PageOf, Pages } from "../support/pages.ts";
import { Served } from "../support/served.ts";
import { enterTenant, expectLive } from "../support/support-session.ts";

const SESSION = "**/.support-console/session*";
const PAGES: Record<string, PageOf> = {
  "/": page(html("", '<button id="refused">Export</button><iframe src="/framed"></iframe>')),
  "/framed": page(html("", "<p>In a frame")),
  "/frames": page('<!DOCTYPE html><html lang="en"><head><title>Invoices</title></head><frameset><frame src="/framed"></frameset></html>'),
  ...STRICT_PAGES,
  "/no-forms": page(html(`<meta http-equiv="Content-Security-Policy" content="form-action 'none'">`, "")),
  "/rtl": () => ({ body: html("", "<p>فواتير").replace("<html", '<html dir="rtl"') }),
  "/fixed": page(html("", "<p>Not to be changed"), { "cache-control": "no-transform" }),
  "/shifted": page(html("<style>body { transform: translateX(40px); opacity: 0.1 } body > * { display: none !important }</style>", "")),
};

/** Pages that arrive in two parts. Their script notes what React 18 compares if it renders the whole document. */
let arrive = (): void => undefined;
const inParts = (first: string, second: string): PageOf => () => ({
  body: `<!DOCTYPE html><html lang="en"><head><title>Invoices</title>${first}`,
  rest: new Promise((done) => (arrive = () => done(second))),
});
const SHOWN_HEAD = "<style>title { display: block }</style>";
const AT_THE_END = '<main>All of them</main><script src="/compared.js"></script></body></html>';
// What is last in the head or in the body is ignored.
const COMPARED = `
  const names = ({ children }) => [...children].map(({ localName }) => localName).join();
  const parts = [document.head, document.body].map((part) => names(part).replace(/,support-console-banner$/, ""));
  (window.compared ??= []).push([names(document.documentElement), ...parts].join(" "));
`;
const LATE: Record<string, PageOf> = {
  "/late": inParts(`<script src="/compared.js" defer></script>${SHOWN_HEAD}</head><body><h1>Invoices</h1>`, AT_THE_END),
  "/late-head": inParts("", `<style></style></head><body><h1>Invoices</h1>${AT_THE_END}`),
  "/compared.js": page(`{${COMPARED}}`, { "content-type": "text/javascript" }),
};

/** The banner's text. A journey can ask, before the page loads, for an open shadow root. */
function said(tab: Page): Promise<string> {
  return tab.locator("support-console-banner").evaluate(textOfBanner);
}

/** The same while Playwright waits for a page that doesn't come. */
async function saidByChromium(devtools: CDPSession): Promise<string> {
  const expression = "document.querySelector('support-console-banner').shadowRoot.querySelector('section').innerText";
  const { result } = await devtools.send("Runtime.evaluate", { expression });
  return String(result.value).replaceAll(/\s+/g, " ");
}

/** Makes the banner ask the gateway now. */
const ask = (tab: Page) => tab.evaluate(() => window.dispatchEvent(new Event("online")));

test.describe("on the pages of a platform", () => {
  let pages: Pages;
  let served: Served;
  let tab: Page;
  let origin: string;
  const elsewhere: string[] = [];

  test.beforeEach(async ({ browser }) => {
    pages = await Pages.start({ ...PAGES, ...LATE });
    served = await Served.start(pages.url, BROWSERS);
    const page = await browser.newPage({ baseURL: served.console });
    await page.context().addInitScript(openShadowRoots);
    const { id } = await served.enterAcme(page, ["everything"]);
    tab = await enterTenant(page, id);
    origin = new URL(tab.url()).origin;
    elsewhere.length = 0;
    tab.on("request", (request) => {
      if (!request.url().startsWith(origin)) elsewhere.push(request.url());
    });
  });

  test.afterEach(async () => {
    await tab.context().close();
    await served.stop();
    await pages.stop();
  });

  test("it stands on each, once, asks nobody else, and loosens nothing", async () => {
    for (const path of Object.keys(PAGES).filter((path) => path !== "/fixed")) {
      await tab.goto(`${origin}${path}`);
      await expect(tab.locator("support-console-banner"), path).toBeVisible();
      await expect.poll(() => said(tab), path).toMatch(/Support session \d+:\d\d left .*Ana Silva in Acme/);
      const injected = await tab.evaluate(() => document.querySelectorAll("script").length);
      expect(injected, `${path}: the script is gone`).toBe(0);
    }
    await tab.goto(origin);
    await expect(tab.frameLocator("iframe").locator("support-console-banner")).toHaveCount(0);
    await tab.goto(`${origin}/frames`);
    await expect(tab.frameLocator("frame").getByText("In a frame")).toBeVisible();
    await expect(tab.frameLocator("frame").locator("support-console-banner")).toHaveCount(0);
    expect(elsewhere).toEqual([]);
    // A script that copies the banner's text into the page only gets another banner. No other script runs.
    await tab.goto(`${origin}/nothing`);
    const ran = await tab.evaluate(() => {
      const script = document.createElement("script");
      try {
        script.text = "window.ran = true";
        document.head.append(script);
      } catch {
        return "refused";
      }
      return "ran" in window;
    });
    expect(ran).not.toBe(true);
  });

  test("a page that replaces its document or its body gets it back", async () => {
    const ways: Record<string, () => void> = {
      clone: () => void document.replaceChild(document.documentElement.cloneNode(true), document.documentElement),
      open: () => {
        document.open();
        document.write("<!DOCTYPE html><html><body><p>Anew</body></html>");
        document.close();
      },
      written: () => document.write("<p>Written, and never closed"),
      body: () => void (document.body = document.createElement("body")),
      inner: () => void (document.body.innerHTML = "<p>Swapped"),
      wrapped: () => {
        const loading = document.createElement("div");
        loading.hidden = true;
        loading.append(...document.body.childNodes);
        document.body.append(loading);
      },
    };
    for (const [how, replace] of Object.entries(ways)) {
      await tab.evaluate(replace);
      // At first there may be an empty copy of it. The banner looks twice a second. A busy machine gets another second.
      await expect(async () => {
        await expect(tab.locator("support-console-banner"), how).toHaveCount(1, { timeout: 100 });
        expect(await said(tab), how).toContain("End now");
        await expect(tab.locator("support-console-banner"), how).toBeVisible({ timeout: 100 });
      }).toPass({ timeout: 2_000 });
    }
    // It gives up on a page that keeps removing it.
    const times = await tab.evaluate(async () => {
      let removed = 0;
      const remove = () => {
        const banner = document.querySelector("support-console-banner");
        if (banner) removed += 1;
        banner?.remove();
      };
      const watching = setInterval(remove, 5);
      await new Promise((done) => setTimeout(done, 3_000));
      clearInterval(watching);
      return removed;
    });
    expect(times).toBeLessThanOrEqual(8);
    await expect(tab.locator("support-console-banner")).toHaveCount(1);
  });

  test("a page that loads for long has it, and its scripts find the page as it was sent", async () => {
    await tab.clock.install();
    const banner = tab.locator("support-console-banner");
    const compared = () => tab.evaluate(() => (window as unknown as { compared?: string[] }).compared);
    const loadForLong = async (path: string) => {
      const started = tab.waitForRequest("**/.support-console/session?*");
      await tab.goto(`${origin}${path}`, { waitUntil: "commit" });
      await started;
      await tab.clock.fastForward(10_000);
    };
    await loadForLong("/late");
    await expect(banner).toBeVisible();
    await expect.poll(() => said(tab)).toMatch(/\d\d:\d\d left .*End now/);
    await tab.getByRole("button", { name: "Fold", exact: true }).click();
    await expect(tab.getByRole("button", { name: "Unfold" })).toBeVisible();
    await expect(tab.locator("title"), "only the banner is shown of the head").toBeHidden();
    arrive();
    const sent = "head,body title,script,style h1,main,script";
    await expect.poll(compared, "at the end of the body, then deferred").toEqual([sent, sent]);
    await expect(banner).toBeVisible();
    await expect(tab.locator("body > :last-child")).toHaveJSProperty("localName", "support-console-banner");
    await expect(banner).toHaveCount(1);

    // What waits for its head shows nothing yet.
    await loadForLong("/late-head");
    arrive();
    await expect.poll(compared).toEqual(["head,body title,style h1,main,script"]);
    await expect(tab.locator("body > support-console-banner")).toBeVisible();
  });

  test("a page without it is named on the session's page, live and after a reload", async () => {
    const console = tab.context().pages()[0]!;
    const notice = console.getByRole("status").filter({ hasText: "shown without the banner" });
    await expectLive(console);
    await expect(notice).toHaveCount(0);
    await tab.goto(`${origin}/fixed`);
    await expect(tab.getByText("Not to be changed")).toBeVisible();
    await expect(notice).toContainText("1 page of the platform was shown without the banner. Last: /fixed.");
    await tab.goto(`${origin}/fixed?a=1`);
    await expect(notice).toContainText("2 pages of the platform were shown without the banner. Last: /fixed.");
    await console.reload();
    await expect(notice).toContainText("2 pages of the platform were");
  });

  test("End now goes to the gateway, whatever the page has replaced", async () => {
    await tab.goto(`${origin}/base`);
    await expect(tab.locator("support-console-banner")).toBeVisible();
    await tab.evaluate(() => {
      window.fetch = () => Promise.reject(new Error("patched"));
      XMLHttpRequest.prototype.open = () => {};
      HTMLFormElement.prototype.submit = () => {};
      HTMLFormElement.prototype.requestSubmit = () => {};
      window.addEventListener("submit", (event) => event.preventDefault(), true);
    });
    const ended = tab.waitForURL(`${origin}/.support-console/end`);
    await tab.getByRole("button", { name: "End now" }).press("Enter");
    await ended;
    await expect(tab.getByRole("heading", { name: "Support session ended" })).toBeVisible();
    expect(elsewhere).toEqual([]);
    expect(pages.asked.filter((asked) => asked.includes("end"))).toEqual([]);
  });

  test("the time is never more than by either clock, and unknown without an answer", async () => {
    await expect.poll(() => said(tab)).toMatch(/\d\d:\d\d left/);
    for (const ahead of ["wall", "steady"]) {
      // No answer corrects the time that the banner knows.
      const held: Route[] = [];
      let isHeld = true;
      await tab.route(SESSION, (route) => (isHeld ? void held.push(route) : route.abort()));
      await tab.evaluate((ahead) => {
        const [steady, wall] = [performance.now(), Date.now()];
        const later = (clock: string) => (clock === ahead ? 20 * 60_000 : 0);
        performance.now = () => steady + later("steady");
        Date.now = () => wall + later("wall");
      }, ahead);
      await expect.poll(() => said(tab), `by the ${ahead} clock`).toContain("00:00 left");
      isHeld = false;
      for (const route of held) await route.abort();
      await ask(tab);
      await expect.poll(() => said(tab)).toContain("can't say");
      await tab.unroute(SESSION);
      await ask(tab);
      await expect.poll(() => said(tab)).toMatch(/\d\d:\d\d left/);
    }
  });

  test("an answer that is not the gateway's is no answer", async () => {
    await expect.poll(() => said(tab)).toMatch(/\d\d:\d\d left/);
    const json = (status: number, body: unknown) => ({ status, contentType: "application/json", body: JSON.stringify(body) });
    const captive = [
      json(200, {}),
      json(200, []),
      json(200, null),
      json(200, "Welcome"),
      json(200, { seconds_left: "600" }),
      json(200, { seconds_left: 600 }),
      json(401, { error: "Sign in to this network" }),
      { status: 401, contentType: "text/html", body: "<h1>Sign in to this network</h1>" },
      { status: 511, contentType: "text/html", body: "<h1>Sign in to this network</h1>" },
      { status: 302, headers: { location: "https://captive.example/sign-in" } },
      { status: 302, headers: { location: "/framed" } },
    ];
    for (const answer of captive) {
      await tab.route(SESSION, (route) => route.fulfill(answer));
      const asked = tab.waitForRequest(SESSION);
      await ask(tab);
      await asked;
      const about = JSON.stringify(answer);
      await expect.poll(() => said(tab), about).toMatch(/can't say how long.*Support Console doesn't answer/);
      expect(await said(tab), about).not.toMatch(/NaN|policy|no longer open|was ended|expired/);
      await tab.unroute(SESSION);
      await ask(tab);
      await expect.poll(() => said(tab), about).toMatch(/\d\d:\d\d left/);
    }
    // The gateway's own.
    await tab.context().clearCookies();
    await ask(tab);
    await expect.poll(() => said(tab)).toContain("This tenant is no longer open in this browser.");
  });

  test("End now believes nobody but the gateway", async () => {
    // A page whose own policy keeps every form from being sent, so the banner ends the session by a request.
    const unsure = /It could not be ended from this page.*End the support session/;
    const ended = { code: "session_revoked", status: "ended" };
    const json = (status: number, body: unknown) => ({ status, contentType: "application/json", body: JSON.stringify(body) });
    const captive = [
      { status: 200, contentType: "text/html", body: "<h1>Sign in to this network</h1>" },
      { status: 204 },
      json(200, {}),
      json(200, null),
      json(200, { status: "ok" }),
      json(200, "ended"),
      json(500, ended),
      json(401, { error: "Sign in to this network" }),
      { status: 511, contentType: "text/html", body: "<h1>Sign in to this network</h1>" },
      { status: 302, headers: { location: "https://captive.example/sign-in" } },
      { status: 302, headers: { location: "/framed" } },
    ];
    // Playwright waits for the page of the form that was stopped. Chromium itself says at once what stands there.
    const devtools = await tab.context().newCDPSession(tab);
    const saysStill = () => saidByChromium(devtools);
    for (const answer of captive) {
      const about = JSON.stringify(answer);
      await tab.goto(`${origin}/no-forms`);
      await expect.poll(() => said(tab), about).toMatch(/\d\d:\d\d left/);
      await tab.route("**/.support-console/end", (route) => route.fulfill(answer));
      await tab.getByRole("button", { name: "End now" }).press("Enter", { noWaitAfter: true });
      await expect.poll(saysStill, about).toMatch(unsure);
      expect(await saysStill(), about).not.toMatch(/was ended|expired|no longer open|Back to Support Console/);
      await tab.unroute("**/.support-console/end");
    }
    // It had not ended. The page to which the banner leads ends it.
    await tab.goto(`${origin}/.support-console/end`);
    await tab.getByRole("button", { name: "End now" }).press("Enter");
    await expect(tab.getByRole("heading", { name: "Support session ended" })).toBeVisible();
    expect(elsewhere.filter((url) => !url.startsWith(served.console))).toEqual([]);
  });

  test("it moves and folds by keys, and stays so on the next page", async () => {
    const banner = tab.locator("support-console-banner");
    await expect(banner).toBeVisible();
    const before = await banner.boundingBox();
    await tab.getByRole("button", { name: "Move to the bottom left" }).press("Enter");
    await tab.getByRole("button", { name: "Move to the top left" }).press("Enter");
    await tab.getByRole("button", { name: "Fold", exact: true }).press("Enter");
    expect(await said(tab)).toMatch(/^Support session \d+:\d\d left Move Unfold$/);
    await tab.goto(`${origin}/framed`);
    await expect(banner).toBeVisible();
    await expect.poll(() => said(tab)).toMatch(/^Support session \d+:\d\d left Move Unfold$/);
    const after = await banner.boundingBox();
    expect([after?.x, after?.y]).toEqual([0, 0]);
    expect(before?.y).toBeGreaterThan(400);
    expect(after!.height).toBeLessThan(before!.height / 2);
  });

  test("what a page would send past the record is stopped and named, and its own address leads home", async () => {
    await tab.evaluate(() => fetch("https://collect.example/x").catch(() => {}));
    await expect.poll(() => said(tab)).toContain("This page was stopped from sending data past the record, to collect.example");
    const upstream = pages.url;
    await tab.evaluate((upstream) => {
      const [form, input] = [document.createElement("form"), document.createElement("input")];
      Object.assign(form, { method: "post", action: `${upstream}/login` });
      Object.assign(input, { name: "password", value: "secret" });
      form.append(input, document.createElement("button"));
      document.body.append(form);
    }, upstream);
    await tab.locator("form[action] > button:empty").click();
    await tab.waitForURL(`${origin}/login`);
    expect(pages.asked).toContain("POST /login password=secret");
    expect(elsewhere.filter((url) => url.startsWith(upstream))).toEqual([]);
  });

  test("a WebSocket, a form and a form in a frame reach nobody past the record", async () => {
    const foreign = await Pages.start({ "/x": page(html("", "<p>Sent")) });
    try {
      const { host } = new URL(foreign.url);
      const form = `Object.assign(document.createElement("form"), { method: "post", action: "${foreign.url}/x" })`;
      const ways = [`new WebSocket("ws://${host}/x")`, `document.body.appendChild(${form}).submit()`];
      // Playwright would wait for the page of the form.
      const devtools = await tab.context().newCDPSession(tab);
      for (const expression of ways) {
        await tab.goto(origin);
        await expect.poll(() => said(tab), expression).toMatch(/\d\d:\d\d left/);
        await devtools.send("Runtime.evaluate", { expression });
        const stopped = `This page was stopped from sending data past the record, to ${host}`;
        await expect.poll(() => saidByChromium(devtools), expression).toContain(stopped);
      }
      await tab.goto(origin);
      const framed = tab.frameLocator("iframe").locator("body");
      const stopped = `This page was stopped from sending data past the record, to ${host}`;
      // A frame is watched once the banner has seen it.
      await expect(async () => {
        await framed.evaluate((body, action) => {
          const form = Object.assign(document.createElement("form"), { method: "post", action });
          body.append(form);
          form.submit();
        }, `${foreign.url}/x`);
        expect(await said(tab)).toContain(stopped);
      }).toPass();
      expect(foreign.asked).toEqual([]);
    } finally {
      await foreign.stop();
    }
  });
});

test("a refusal that the application shows as its own error is named by the banner", async ({ browser }) => {
  const pages = await Pages.start({ ...PAGES, ...LATE });
  const served = await Served.start(pages.url, BROWSERS);
  const page = await browser.newPage({ baseURL: served.console });
  try {
    await page.context().addInitScript(openShadowRoots);
    const { id } = await served.enterAcme(page, []);
    const tab = await enterTenant(page, id);
    await expect.poll(() => said(tab)).toContain("left");
    const request = await tab.evaluate(async () => (await fetch("/v1/exports", { method: "POST" })).headers.get("x-request-id"));
    await expect.poll(() => said(tab)).toContain("A request was refused: POST /v1/exports ");
    expect(await said(tab)).toContain(`Request ${request}`);
    await tab.getByRole("button", { name: "Close" }).press("Enter");
    expect(await said(tab)).not.toContain("refused");
  } finally {
    await page.context().close();
    await served.stop();
    await pages.stop();
  }
});
