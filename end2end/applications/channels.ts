import { expect } from "@playwright/test";
import { type Application, fromCompat, inCompat, Running } from "./application.ts";

/** Django Channels: a socket that checks `Origin` against the allowed hosts, and reads the session from Django's cookie. */
export const channels: Application = {
  name: "Django Channels",

  async start() {
    return Running.start(fromCompat("python"), (port) => [inCompat("channels/room.py"), `${port}`]);
  },

  async use(page, url) {
    await page.goto(url);
    await page.getByLabel("Name").fill("Søren");
    await page.getByRole("button", { name: "Enter" }).click();
    await expect(page.getByRole("listitem")).toHaveText(["Welcome, Søren"]);
    await page.getByLabel("Message").fill("Straße & 50%");
    await page.getByRole("button", { name: "Say" }).click();
    await expect(page.getByRole("listitem")).toHaveCount(2);
    return page.getByRole("listitem").allInnerTexts();
  },
};
