// Lets node import the office's scripts, which import the library by its place under /static/.
//
// The scripts use relative paths, so that the browser, runserver and the hashed names of collectstatic need no import map:
// /static/js/page.js imports ../realtime/js/manager.js. On disk these files are in static/ and realtime/static/, which Django's
// finders merge. Here a resolve hook does the same. The library itself needs no hook: it imports only its own files.

import { registerHooks } from "node:module";

const ROOT = new URL("../../../", import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    const address = specifier.startsWith(".") ? new URL(specifier, context.parentURL).href : specifier;
    return next(address.replace(`${ROOT}static/realtime/`, `${ROOT}realtime/static/realtime/`), context);
  },
});
