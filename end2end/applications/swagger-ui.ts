import { expect } from "@playwright/test";
import { type Application, inCompat, Running } from "./application.ts";

/** Swagger UI for an API that needs a token, which is typed into its dialog and sent as `Authorization`. */
export const swaggerUi: Application = {
  name: "Swagger UI",
  upstream: ['upstream_authorization = "pass"'],

  async start() {
    return Running.start(process.execPath, (port) => [inCompat("swagger/server.js"), `${port}`]);
  },

  async use(page, url) {
    await page.goto(url);
    await page.getByRole("button", { name: "Authorize" }).click();
    await page.locator(".dialog-ux input").fill("a token of the platform");
    await page.getByRole("button", { name: "Apply credentials" }).click();
    await page.getByRole("button", { name: "Close" }).click();
    await page.locator("#operations-default-read").getByRole("button").first().click();
    await page.getByRole("button", { name: "Try it out" }).click();
    await page.getByPlaceholder("name").fill("Straße 50%");
    await page.getByRole("button", { name: "Execute" }).click();
    const answer = page.locator(".live-responses-table .response").first();
    await expect(answer).toContainText("200");
    return [await answer.locator(".response-col_description .highlight-code").first().innerText()];
  },
};
