// How everything looks, in pictures: each component in its states, and each page with samples, from `/design` of a debug build.
// Times and figures there never change. After a wanted change `make looks` takes the pictures anew: review them.
import { readFile } from "node:fs/promises";
import type { Locator, Page } from "@playwright/test";
import { debugProgramPath, programPath } from "../support/console.ts";
import { expect, expectNoSidewaysScroll, test } from "../fixtures.ts";

test.describe.configure({ mode: "parallel" });

const WIDTHS = [390, 768, 1440] as const;
const THEMES = ["light", "dark"] as const;
const SESSION = "/support/sessions/01937e2c-7b6a-7cc0-8000-0000000000a1";
const TENANT = "/support/tenants/tnt_01kbz0q4";

/** Pages in use, at every width and in both themes. */
const PAGES = {
  "overview": "/support",
  "tenant": TENANT,
  "create-session": `${TENANT}/create-session`,
  "session-created": `${TENANT}/create-session?flash=granted`,
  "force-logout": `${TENANT}/force-logout`,
  "sessions": "/support/sessions",
  "session": SESSION,
  "session-revoked": "/support/sessions/01937e2c-7b6a-7cc0-8000-0000000000a3",
  "revoke": `${SESSION}/revoke`,
  "raise-budget": `${SESSION}/raise-budget`,
  "revoke-selected": "/support/revoke-sessions?id=01937e2c-7b6a-7cc0-8000-0000000000a1",
  "request": "/support/requests/01937e2c-7b6a-7cc0-8000-0000000000e4",
  "audit": "/audit?category=support_session&time=last-7-days",
  "event": "/audit/events/01937e2c-7b6a-7cc0-8000-0000000000c9",
  "rules": "/support/rules",
  "help": "/support/help",
  "sign-in": "/sign-in",
  "not-found": "/no-such-page",
};

/** What pages show when things aren't as usual. */
const STATES = ["empty", "failing", "long", "stale"] as const;
const IN_STATES = { "overview": "/support", "tenant": TENANT, "sessions": "/support/sessions", "session": SESSION, "audit": "/audit" };

test.describe("pages, at half their size", () => {
  test.use({ deviceScaleFactor: 0.5 });

  for (const [name, path] of Object.entries(PAGES)) {
    test(`the page looks as before: ${name}`, async ({ page, design }) => {
      await show(page, `${design.console}/design/usual${path}`);
      for (const colorScheme of THEMES) {
        for (const width of WIDTHS) await picture(page, page, `${name}-${width}-${colorScheme}`, { colorScheme, width });
      }
    });
  }

  for (const state of STATES) {
    test(`pages look as before when they are ${state}`, async ({ page, design }) => {
      for (const [name, path] of Object.entries(IN_STATES)) {
        await show(page, `${design.console}/design/${state}${path}`);
        await picture(page, page, `${name}-${state}-1440-light`, { colorScheme: "light", width: 1440 });
        await picture(page, page, `${name}-${state}-390-dark`, { colorScheme: "dark", width: 390 });
      }
    });
  }
});

for (const part of ["marks", "messages", "fields", "figures", "charts"]) {
  test(`components look as before: ${part}`, async ({ page, design }) => {
    await show(page, `${design.console}/design`);
    for (const colorScheme of THEMES) {
      for (const width of WIDTHS) await picture(page, page.locator(`#${part}`), `${part}-${width}-${colorScheme}`, { colorScheme, width });
    }
    await page.emulateMedia({ forcedColors: "active" });
    await picture(page, page.locator(`#${part}`), `${part}-1440-forced`, { colorScheme: "light", width: 1440 });
  });
}

test("a tenant that the platform manages links to its page here and there, on a phone too", async ({ page, design }) => {
  await page.setViewportSize({ width: 390, height: 900 });
  await show(page, `${design.console}/design/usual${TENANT}`);
  await expect(page.getByRole("group", { name: "Support Actions" }).getByRole("link")).toHaveText([
    "Plan and settings",
    "Manage tenant",
    "Create Support Session",
    "Force Logout All Sessions",
  ]);
  await expectNoSidewaysScroll(page, TENANT);
});

test("a release build has neither the samples nor their address", async ({ page, demo, design }) => {
  const name = Buffer.from("Bluegrass Logistics");
  expect((await readFile(debugProgramPath())).includes(name)).toBe(true);
  expect((await readFile(programPath())).includes(name)).toBe(false);
  for (const path of ["/design", "/design/usual/support"]) {
    expect((await page.request.get(`${design.console}${path}`)).status(), path).toBe(200);
    expect((await page.request.get(`${demo.console}${path}`)).status(), path).toBe(404);
  }
});

/** Opens a page of samples as it stands once it is hydrated. */
async function show(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.evaluate(async () => {
    document.documentElement.dataset.hydrated = "true";
    for (const dialog of document.querySelectorAll("dialog")) {
      dialog.removeAttribute("open");
      dialog.showModal();
    }
    (document.activeElement as HTMLElement | null)?.blur();
    await document.fonts.ready;
  });
}

interface Look {
  colorScheme: "light" | "dark";
  width: number;
}

/** Compares a page or a part of it. A dialog covers the window, not the page. The journey continues after a finding. */
async function picture(page: Page, what: Page | Locator, name: string, { colorScheme, width }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 900 });
  if (what !== page) return expect.soft(what as Locator).toHaveScreenshot(`${name}.png`);
  const fullPage = (await page.getByRole("dialog").count()) === 0;
  return expect.soft(page).toHaveScreenshot(`${name}.png`, { fullPage, scale: "device" });
}
