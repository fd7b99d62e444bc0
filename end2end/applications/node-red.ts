import { expect } from "@playwright/test";
import { type Application, fromNode, Running } from "./application.ts";

/** A button that says something, and the side bar that shows it. */
const SAID = "Good morning";
const says = { payload: SAID, payloadType: "str", repeat: "", crontab: "", once: false, onceDelay: 0.1, topic: "" };
const shows = { active: true, tosidebar: true, console: false, tostatus: false, complete: "payload", targetType: "msg" };
const flow = JSON.stringify([
  { id: "1", type: "inject", name: "Say it", props: [{ p: "payload" }], ...says, x: 140, y: 80, wires: [["2"]] },
  { id: "2", type: "debug", name: "Heard", ...shows, x: 340, y: 80, wires: [] },
]);

/** Node-RED's editor: fields of its own in each request, and what runs is shown over a WebSocket. */
export const nodeRed: Application = {
  name: "Node-RED",

  async start() {
    return Running.start(fromNode("node-red"), (port, folder) => [
      ["--userDir", folder],
      ["--port", `${port}`],
      ["--define", "uiHost=127.0.0.1"],
      ["--define", "telemetry.enabled=false"],
      ["--define", "editorTheme.tours=false"],
    ].flat());
  },

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(url);
    await page.locator("#red-ui-header-button-deploy").waitFor();
    await expect(page.locator(".red-ui-palette-node").first()).toBeVisible();
    await page.locator("#red-ui-workspace-chart").click({ position: { x: 400, y: 400 } });
    await page.keyboard.press("Control+i");
    await page.locator("#red-ui-clipboard-dialog-import-text").fill(flow);
    // It looks at the text when a key goes up.
    await page.keyboard.press("End");
    await page.locator("#red-ui-clipboard-dialog-ok").click();
    await page.locator("#red-ui-workspace-chart").click({ position: { x: 300, y: 200 } });
    await page.locator("#red-ui-header-button-deploy").click();
    await expect(page.getByText("Successfully deployed")).toBeVisible();
    seen.push("deployed");

    await page.keyboard.press("Control+g");
    await page.keyboard.press("d");
    await page.locator(".red-ui-flow-node-button-button").first().click();
    const heard = page.locator(".red-ui-debug-msg-payload").last();
    await expect(heard).toContainText(SAID);
    seen.push(await heard.innerText());

    await page.reload();
    await expect(page.locator(".red-ui-flow-node-label", { hasText: "Say it" }).first()).toBeVisible();
    seen.push("still there");
    return seen;
  },
};
