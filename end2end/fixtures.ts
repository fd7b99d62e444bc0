// Every journey imports this. The journeys of one worker share `demo`, so a journey may rely only on what it made
// itself. Each project (desktop, phone) starts with a fresh demo.
import { type BrowserContext, type Page, test as base } from "@playwright/test";
import { type Account, debugProgramPath, type Role, type Tenant } from "./support/console.ts";
import { Demo } from "./support/demo.ts";
import { Httpbin } from "./support/httpbin.ts";
import { signInAs } from "./support/page.ts";
import { Served } from "./support/served.ts";
import { createSession, type Granted } from "./support/support-session.ts";

export { expect } from "@playwright/test";
export * from "./support/page.ts";

interface ForWorker {
  demo: Demo;
  /** A debug build, which shows everything with samples at `/design`. */
  design: Served;
  httpbin: Httpbin;
}

interface ForTest {
  /** Signs the page in and leaves it on the first page after that. */
  signIn: (who: Role | Account) => Promise<void>;
  /** A support session in a healthy tenant. Ida Brandt, a support admin, holds it and is signed in on the page. */
  session: Granted & { tenant: Tenant };
  /** Signs somebody in in another browser. */
  another: (who: Role | Account) => Promise<Page>;
  /** Fails a journey whose page logged an error, such as one of hydration or of the content security policy. */
  consoleErrors: string[];
  /** Attaches the demo's log to a journey that failed. */
  demoLog: void;
}

export const test = base.extend<ForTest, ForWorker>({
  demo: [
    async ({}, use) => {
      const demo = await Demo.start();
      await use(demo);
      await demo.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  design: [
    async ({}, use) => {
      const design = await Served.start("http://127.0.0.1:1", [], undefined, debugProgramPath());
      await use(design);
      await design.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  httpbin: [
    async ({}, use) => {
      const httpbin = await Httpbin.start();
      await use(httpbin);
      await httpbin.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  baseURL: async ({ demo }, use) => use(demo.console),

  // A journey may end while a request that it handles is on its way.
  page: async ({ page }, use) => {
    await use(page);
    await page.unrouteAll({ behavior: "ignoreErrors" });
  },

  signIn: async ({ page, demo }, use) =>
    use((who) => signInAs(page, typeof who === "string" ? demo.account(who) : who)),

  session: async ({ page, demo, signIn }, use) => {
    await signIn(await demo.addStaff("Ida Brandt", "support_admin"));
    const tenant = await demo.tenant("healthy");
    await use({ tenant, ...(await createSession(page, tenant.id)) });
  },

  another: async ({ browser, demo, consoleErrors }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (who) => {
      const context = await browser.newContext({ baseURL: demo.console });
      contexts.push(context);
      const page = await context.newPage();
      collectErrors(page, consoleErrors);
      await signInAs(page, typeof who === "string" ? demo.account(who) : who);
      return page;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },

  consoleErrors: [
    async ({ page }, use) => {
      const errors: string[] = [];
      collectErrors(page, errors);
      await use(errors);
      base.expect(errors, "errors in the browser's console").toEqual([]);
    },
    { auto: true },
  ],

  demoLog: [
    async ({ demo }, use, testInfo) => {
      await use();
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach("demo.log", { path: demo.log, contentType: "text/plain" });
      }
    },
    { auto: true },
  ],
});

function collectErrors(page: Page, errors: string[]): void {
  page.on("console", (message) => {
    // A refused request is reported too; whether it should have been refused is the journey's question.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
      errors.push(message.text());
    }
  });
  page.on("pageerror", (error) => errors.push(`${error}`));
}
