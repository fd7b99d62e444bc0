// All applications to test. `make test` tests those that install quickly, `make compat` all of them.
import { adminer } from "./adminer.ts";
import type { Application } from "./application.ts";
import { bokeh } from "./bokeh.ts";
import { channels } from "./channels.ts";
import { datasette } from "./datasette.ts";
import { djangoScripts, djangoWithAngular } from "./django-scripts.ts";
import { django, djangoBehindTls } from "./django.ts";
import { gradio } from "./gradio.ts";
import { htmx } from "./htmx.ts";
import { jupyterLab } from "./jupyterlab.ts";
import { live } from "./live.ts";
import { mediaWiki } from "./mediawiki.ts";
import { next } from "./next.ts";
import { nodeRed, nodeRedWithSignIn } from "./node-red.ts";
import { phpMyAdmin } from "./phpmyadmin.ts";
import { pocketBase } from "./pocketbase.ts";
import { prometheus, prometheusWithPassword } from "./prometheus.ts";
import { react18, react19 } from "./react.ts";
import { socketIo } from "./socket-io.ts";
import { streamlit } from "./streamlit.ts";
import { swaggerUi } from "./swagger-ui.ts";
import { wordPress } from "./wordpress.ts";

const quick = [django, datasette, nodeRed];
const ofPython = [
  bokeh, channels, djangoBehindTls, djangoScripts, djangoWithAngular,
  gradio, htmx, jupyterLab, pocketBase, streamlit,
];
const ofNode = [live, next, nodeRedWithSignIn, react18, react19, socketIo, swaggerUi];
const ofDebian = [adminer, mediaWiki, phpMyAdmin, prometheus, prometheusWithPassword, wordPress];

export const applications: Application[] = process.env.SUPPORT_CONSOLE_COMPAT
  ? [...quick, ...ofPython, ...ofNode, ...ofDebian]
  : quick;
