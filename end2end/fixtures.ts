// The one import of every journey. `demo` is shared by the journeys of one worker, so a journey may rely only on what
// it made itself; each project (desktop, dark, phone) starts with a fresh demo.
import { test as base } from "@playwright/test";
import { Demo, type Role } from "./support/demo.ts";
import { Httpbin } from "./support/httpbin.ts";
import { signInAs } from "./support/page.ts";

export { expect } from "@playwright/test";
export { expectHydrated, expectNoViolations, open } from "./support/page.ts";

interface ForWorker {
  demo: Demo;
  httpbin: Httpbin;
}

interface ForTest {
  /** Signs the page in and leaves it on the first page after that. */
  signIn: (role: Role) => Promise<void>;
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

  httpbin: [
    async ({}, use) => {
      const httpbin = await Httpbin.start();
      await use(httpbin);
      await httpbin.stop();
    },
    { scope: "worker", timeout: 60_000 },
  ],

  baseURL: async ({ demo }, use) => use(demo.console),

  signIn: async ({ page, demo }, use) => use((role) => signInAs(page, demo.account(role))),

  consoleErrors: [
    async ({ page }, use) => {
      const errors: string[] = [];
      page.on("console", (message) => {
        // A refused request is reported too; whether it should have been refused is the journey's question.
        if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) {
          errors.push(message.text());
        }
      });
      page.on("pageerror", (error) => errors.push(`${error}`));
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
