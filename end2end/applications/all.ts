// Every application that is tried. `make test` tries the quick ones, `make compat` all of them.
import type { Application } from "./application.ts";
import { datasette } from "./datasette.ts";
import { django } from "./django.ts";
import { nodeRed } from "./node-red.ts";

export const quick: Application[] = [django, datasette, nodeRed];
