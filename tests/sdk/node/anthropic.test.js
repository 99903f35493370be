// What Anthropic's own Node client makes of the hub: answers, streams, tools, counts and errors.
//
// HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.

import assert from "node:assert/strict";
import { test } from "node:test";

import Anthropic from "@anthropic-ai/sdk";

const { HUB_URL, HUB_KEY } = process.env;
const weather = {
  name: "weather",
  input_schema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

// Nothing but the address and the key.
const client = (path = "", apiKey = HUB_KEY) =>
  new Anthropic({ baseURL: HUB_URL + path, apiKey, maxRetries: 0, timeout: 20_000 });
const ask = (more) => ({
  model: "sim/instant",
  max_tokens: 200,
  messages: [{ role: "user", content: "Hello!" }],
  ...more,
});

test("a whole message shows its cost", async () => {
  for (const path of ["", "/anthropic"]) {
    const message = await client(path).messages.create(ask());
    assert.ok(message.content[0].text);
    assert.equal(message.stop_reason, "end_turn");
    assert.ok(message.usage.aigneHubCredits > 0);
  }
});

test("a stream is put together", async () => {
  let text = "";
  const stream = client().messages.stream(ask()).on("text", (piece) => (text += piece));
  const final = await stream.finalMessage();
  assert.equal(final.content[0].text, text);
  assert.ok(final.usage.output_tokens > 0);
});

test("a tool is called and answered", async () => {
  const bern = [{ role: "user", content: "Bern" }];
  const first = await client().messages.stream(ask({ model: "sim/tools", messages: bern, tools: [weather] })).finalMessage();
  assert.equal(first.stop_reason, "tool_use");
  const call = first.content.find(({ type }) => type === "tool_use");
  assert.equal(typeof call.input.city, "string");
  const result = { type: "tool_result", tool_use_id: call.id, content: "sunny" };
  const messages = [...bern, { role: "assistant", content: first.content }, { role: "user", content: [result] }];
  const second = await client().messages.create(ask({ model: "sim/tools", messages, tools: [weather] }));
  assert.match(second.content[0].text, /sunny/);
});

test("tokens are counted and models listed", async () => {
  const { input_tokens } = await client().messages.countTokens({ model: "sim/instant", messages: ask().messages });
  assert.ok(input_tokens > 0);
  const names = [];
  for await (const model of client().models.list()) names.push(model.id);
  assert.ok(names.includes("sim/instant"));
});

test("errors of messages are the client's own classes", async () => {
  const create = (more, key) => client("", key).messages.create(ask(more));
  await assert.rejects(create({}, "nobody-has-this-key"), Anthropic.AuthenticationError);
  await assert.rejects(create({ model: "sim/no-such-model" }), Anthropic.NotFoundError);
  await assert.rejects(create({ max_tokens: 0 }), Anthropic.BadRequestError);
  await assert.rejects(create({ model: "sim/error-429" }), Anthropic.RateLimitError);
  await assert.rejects(create({ model: "sim/error-500" }), Anthropic.InternalServerError);
});

test("a message that breaks off raises", async () => {
  await assert.rejects(client().messages.stream(ask({ model: "sim/cut" })).finalMessage(), Anthropic.APIError);
});
