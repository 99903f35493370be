// What AIGNE's own client makes of the hub: discovery, models, answers, streams, tools, objects and errors.
//
// HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { AIGNEHubChatModel } from "@aigne/aigne-hub";

const { HUB_URL, HUB_KEY } = process.env;
const hello = [{ role: "user", content: "Hello!" }];
const weather = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

const model = (name = "sim/instant", apiKey = HUB_KEY) =>
  new AIGNEHubChatModel({ baseURL: HUB_URL, apiKey, model: name });

test("it finds the hub and lists its models without a key", async () => {
  process.env.BLOCKLET_AIGNE_API_URL = HUB_URL;
  const models = await AIGNEHubChatModel.models();
  const known = models.map((entry) => `${entry.provider}/${entry.model}`);
  assert.ok(known.includes("sim/instant"), known.join());
  assert.ok(models.every((entry) => typeof entry.input_credits_per_token === "string"));
});

test("a whole answer shows its cost", async () => {
  const answer = await model().invoke({ messages: hello });
  assert.ok(answer.text);
  assert.ok(answer.usage.inputTokens > 0 && answer.usage.outputTokens > 0);
  assert.ok(answer.usage.aigneHubCredits > 0);
});

test("a stream is appended to the same answer", async () => {
  const stream = await model().invoke({ messages: hello }, { streaming: true });
  let text = "";
  let json = {};
  for await (const { delta } of stream) {
    text += delta?.text?.text ?? "";
    json = { ...json, ...delta?.json };
  }
  assert.ok(text);
  assert.ok(json.usage.aigneHubCredits > 0);
});

test("a tool is called with an object, and its result is answered", async () => {
  const messages = [{ role: "user", content: "Bern" }];
  const asked = await model("sim/tools").invoke({ messages, tools: [weather] });
  const [call] = asked.toolCalls;
  assert.equal(call.function.name, "weather");
  assert.equal(typeof call.function.arguments.city, "string");
  messages.push({ role: "agent", toolCalls: asked.toolCalls });
  messages.push({ role: "tool", toolCallId: call.id, content: "12 C" });
  const answer = await model("sim/instant").invoke({ messages, tools: [weather] });
  assert.ok(answer.text);
});

test("errors are raised with their text", async () => {
  await assert.rejects(model("sim/nobody").invoke({ messages: hello }), /sim\/nobody/);
  await assert.rejects(model("sim/instant", "no-key-of-anybody").invoke({ messages: hello }), /key/i);
  await assert.rejects(model("sim/cut").invoke({ messages: hello }));
});
