import { expect } from "@playwright/test";
import { type Application, inCompat, Running } from "./application.ts";

/** socket.io: long polling, then a WebSocket; pings, and bytes as well as text. */
export const socketIo: Application = {
  name: "socket.io",

  async start() {
    return Running.start(process.execPath, (port) => [inCompat("socketio/server.js"), `${port}`]);
  },

  async use(page, url) {
    await page.goto(url);
    await expect(page.locator("#transport")).toHaveText("websocket");
    await page.getByLabel("Message").fill("Straße & 50%");
    await page.getByRole("button", { name: "Say" }).click();
    await expect(page.getByRole("listitem")).toHaveCount(2);
    await page.evaluate("new Promise((pinged) => socket.io.once('ping', pinged))");
    await page.getByLabel("Message").fill("still here");
    await page.getByRole("button", { name: "Say" }).click();
    await expect(page.getByRole("listitem")).toHaveCount(4);
    return page.getByRole("listitem").allInnerTexts();
  },
};
