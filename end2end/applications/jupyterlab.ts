import { expect } from "@playwright/test";
import { type Application, fromCompat, Running } from "./application.ts";

const TOKEN = "a-token-of-jupyter";

/** JupyterLab: a token in its own field, a cookie that its scripts read, and kernels over WebSockets. */
export const jupyterLab: Application = {
  name: "JupyterLab",
  upstream: ['upstream_readable_cookies = ["_xsrf"]'],

  async start() {
    return Running.start(fromCompat("jupyter-lab"), (port, folder) => [
      ["--no-browser", "--allow-root", "--ip=127.0.0.1", `--port=${port}`],
      [`--ServerApp.root_dir=${folder}`, `--IdentityProvider.token=${TOKEN}`],
      ["--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
    ].flat());
  },

  async use(page, url) {
    const seen: string[] = [];
    await page.goto(`${url}/login?next=/lab`);
    await page.locator("#password_input").fill(TOKEN);
    await page.locator("#login_submit").click();
    await page.locator(".jp-LauncherCard", { hasText: "Text File" }).click();
    await page.locator(".jp-FileEditor .cm-content").click();
    await page.keyboard.type("Line one\nZeile zwei: Straße");
    await page.keyboard.press("Control+s");
    await page.getByRole("button", { name: "Rename and Save" }).click();
    const saved = () => page.evaluate(async () => (await fetch("/api/contents/untitled.txt")).json());
    await expect.poll(async () => (await saved()).content).toBe("Line one\nZeile zwei: Straße");
    seen.push("saved");

    await page.locator(".lm-TabBar-addButton:visible").first().click();
    await page.locator(".jp-LauncherCard[data-category=Notebook]").first().click();
    await expect(page.getByText("Python 3 (ipykernel) | Idle")).toBeVisible();
    await page.locator(".jp-Notebook .cm-content").first().click();
    await page.keyboard.type("6 * 7");
    await page.keyboard.press("Shift+Enter");
    const output = page.locator(".jp-OutputArea-output").first();
    await expect(output).toHaveText("42");
    seen.push(await output.innerText());
    return seen;
  },
};
