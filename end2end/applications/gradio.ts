import { writeFile } from "node:fs/promises";
import { expect } from "@playwright/test";
import { type Application, fromCompat, Running } from "./application.ts";

const PROGRAM = `
import sys, gradio
greet = gradio.Interface(lambda name: f"Hello, {name}!", "text", "text", flagging_mode="never")
greet.launch(auth=("ana", "a password"), server_name="127.0.0.1", server_port=int(sys.argv[1]))
`;

/** Gradio with its own sign-in: results come by an event stream. */
export const gradio: Application = {
  name: "Gradio",
  upstream: ['upstream_asked_as = "session"'],

  async start() {
    return Running.start(
      fromCompat("python"),
      (port, folder) => [`${folder}/greet.py`, `${port}`],
      async (folder) => writeFile(`${folder}/greet.py`, PROGRAM),
    );
  },

  async use(page, url) {
    await page.goto(url);
    await page.getByLabel("username").fill("ana");
    await page.getByLabel("password").fill("a password");
    await page.getByRole("button", { name: "Login" }).click();
    await page.getByLabel("name", { exact: true }).fill("Søren");
    await page.getByRole("button", { name: "Submit" }).click();
    const output = page.getByLabel("output");
    await expect(output).toHaveValue("Hello, Søren!");
    expect(new URL(page.url()).origin, "nothing leads elsewhere").toBe(new URL(url).origin);
    return [await output.inputValue()];
  },
};
