// Every application that is tried. `make test` tries those that install quickly, `make compat` all of them.
import type { Application } from "./application.ts";
import { datasette } from "./datasette.ts";
import { django } from "./django.ts";
import { gradio } from "./gradio.ts";
import { htmx } from "./htmx.ts";
import { jupyterLab } from "./jupyterlab.ts";
import { next } from "./next.ts";
import { nodeRed } from "./node-red.ts";
import { streamlit } from "./streamlit.ts";

const quick = [django, datasette, nodeRed];
const others = [gradio, htmx, jupyterLab, next, streamlit];

export const applications: Application[] = process.env.SUPPORT_CONSOLE_COMPAT ? [...quick, ...others] : quick;
