// The pictures of README, taken from the demo in both themes: `make pictures`.
import { test } from "../fixtures.ts";
import { createSession, expectLive, openSession } from "../support/support-session.ts";

const FOLDER = "../docs/images";

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme, viewport: { width: 1280, height: 800 }, timezoneId: "UTC" });

    test(`the overview, ${colorScheme}`, async ({ page, signIn }) => {
      await signIn("super_admin");
      await expectLive(page);
      await page.screenshot({ path: `${FOLDER}/overview-${colorScheme}.png` });
    });

    test(`a support session with its requests, ${colorScheme}`, async ({ page, demo, signIn }) => {
      await signIn("support_admin");
      const { id, token } = await createSession(page, (await demo.tenant("warning")).id);
      await openSession(page, id);
      for (const path of ["/v1/whoami", "/v1/invoices?status=failed", "/v1/users"]) await demo.request(token, path);
      await demo.request(token, "/v1/users/1", { method: "DELETE" });
      await page.getByText("/v1/users/1").first().waitFor();
      await page.getByText("3 forwarded · 1 refused").waitFor();
      await page.screenshot({ path: `${FOLDER}/support-session-${colorScheme}.png` });
    });
  });
}
