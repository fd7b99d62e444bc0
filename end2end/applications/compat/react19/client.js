import { createElement } from "react";
import { hydrateRoot } from "react-dom/client";
import { Page } from "./page.js";

window.faults = [];
const note = (error) => window.faults.push(String(error));
const late = location.pathname === "/late";
hydrateRoot(document, createElement(Page, { late }), { onRecoverableError: note, onUncaughtError: note });
