// Requests to the page's endpoints: what each carries, and what a refusal says.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { createApi } from "../../../messaging/static/messaging/js/api.js";

const { fetch } = globalThis;
afterEach(() => {
  globalThis.fetch = fetch;
});

test("each request says whose page it is from, and a refusal whether the session is another's", async () => {
  const asked = [];
  globalThis.fetch = async (address, { headers }) => {
    asked.push([address, headers["X-Page-User"], headers["X-CSRFToken"]]);
    return Response.json({ error: "Somebody else is signed in.", code: "another_user" }, { status: 409 });
  };
  const api = createApi({ url: "/api/", token: () => "token", me: 7 });
  await assert.rejects(api.post("messages/", { text: "x" }), { isOfAnother: true, isFinal: true, status: 409 });
  assert.deepEqual(asked, [["/api/messages/", "7", "token"]]);
});
