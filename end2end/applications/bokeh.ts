import { expect } from "@playwright/test";
import { type Application, fromCompat, inCompat, Running } from "./application.ts";

/** Bokeh: a WebSocket whose second subprotocol is a token, and whose `Origin` must match `Host`. */
export const bokeh: Application = {
  name: "Bokeh",

  async start() {
    return Running.start(fromCompat("bokeh"), (port) => [
      ["serve", inCompat("bokeh/greeting.py")],
      ["--address", "127.0.0.1", "--port", `${port}`],
    ].flat());
  },

  async use(page, url) {
    await page.goto(`${url}/greeting`);
    await page.getByLabel("Name").fill("Søren");
    await page.keyboard.press("Tab");
    await page.getByRole("button", { name: "Greet" }).click();
    const greeting = page.getByText("Hello, Søren!");
    await expect(greeting).toBeVisible();
    return [await greeting.innerText()];
  },
};
