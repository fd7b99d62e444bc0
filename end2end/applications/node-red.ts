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

const ANA = { username: "ana", password: "a password" };
/** The password's bcrypt hash, with the lowest cost. */
const HASH = "$2a$04$gb0lFkjYaJAVoW8VcyqjYePdbVy7bw3v7kpa3aowy6J6LYhWORnYS";

async function start(more: string[] = []): Promise<Running> {
  return Running.start(fromNode("node-red"), (port, folder) => [
    ["--userDir", folder],
    ["--port", `${port}`],
    ["--define", "uiHost=127.0.0.1"],
    ["--define", "telemetry.enabled=false"],
    ["--define", "editorTheme.tours=false"],
    more,
  ].flat());
}

/** Node-RED's editor: its own fields in each request, and results over a WebSocket. */
export const nodeRed: Application = {
  name: "Node-RED",

  start: () => start(),

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(url);
    await page.locator("#red-ui-header-button-deploy").waitFor();
    await expect(page.locator(".red-ui-palette-node").first()).toBeVisible();
    await page.locator("#red-ui-workspace-chart").click({ position: { x: 400, y: 400 } });
    await page.keyboard.press("Control+i");
    await page.locator("#red-ui-clipboard-dialog-import-text").fill(flow);
    // It reads the text when a key is released.
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

/** The same with its own sign-in, whose token its scripts send as `Authorization`. */
export const nodeRedWithSignIn: Application = {
  name: "Node-RED with its sign-in",
  upstream: ['upstream_authorization = "pass"'],

  async start() {
    const users = [{ username: ANA.username, password: HASH, permissions: "*" }];
    return start(["--define", `adminAuth=${JSON.stringify({ type: "credentials", users })}`]);
  },

  async use(page, url) {
    await page.goto(url);
    await page.locator("#node-dialog-login-username").fill(ANA.username);
    await page.locator("#node-dialog-login-password").fill(ANA.password);
    await page.locator("#node-dialog-login-submit").click();
    await page.locator("#red-ui-header-button-deploy").waitFor();
    return nodeRed.use(page, url);
  },
};
