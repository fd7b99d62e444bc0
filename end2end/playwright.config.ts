// Journeys through the release build. Each worker starts its own demo (see support/demo.ts), so nothing here names an
// address. There are no retries: a journey that fails once has failed. The time limits only end what hangs, because a
// busy machine is several times slower than an idle one.
import { defineConfig, devices } from "@playwright/test";

const root = process.getuid?.() === 0;
const desktop = { viewport: { width: 1440, height: 900 } };
const phone = { ...devices["Pixel 7"], viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 };

export default defineConfig({
  testDir: "journeys",
  outputDir: "test-results",
  forbidOnly: true,
  retries: 0,
  workers: Number(process.env.SUPPORT_CONSOLE_WORKERS ?? 2),
  fullyParallel: false,
  timeout: 180_000,
  // Pictures differ a little with the browser's version and the machine's fonts.
  expect: { timeout: 30_000, toHaveScreenshot: { maxDiffPixelRatio: 0.003, animations: "disabled", caret: "hide" } },
  snapshotPathTemplate: "looks/{arg}{ext}",
  reporter: [["list"], ["html", { outputFolder: "report", open: "never" }]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Lisbon",
    colorScheme: "light",
    screenshot: "only-on-failure",
    // Tracing every journey takes a third of the total time. To trace some: `make journeys ARGS="--trace=retain-on-failure …"`.
    trace: "off",
    launchOptions: {
      executablePath: process.env.SUPPORT_CONSOLE_CHROMIUM ?? "/usr/bin/chromium",
      args: [
        ...(root ? ["--no-sandbox"] : []),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  // Most journeys run once. `every-page` runs at both widths.
  projects: [
    { name: "desktop", use: desktop },
    { name: "phone", testMatch: "every-page.spec.ts", use: phone },
    // `make pictures`.
    ...(process.env.SUPPORT_CONSOLE_PICTURES ? [{ name: "pictures", testDir: "pictures" }] : []),
    // What differs there, where one is named: `make compat`.
    ...(process.env.SUPPORT_CONSOLE_FIREFOX ? [{ name: "firefox", testDir: "firefox" }] : []),
  ],
});
