// What OpenAI's own Node client makes of the hub's Responses.
//
// HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI from "openai";

const { HUB_URL, HUB_KEY } = process.env;
const client = new OpenAI({ baseURL: `${HUB_URL}/v1`, apiKey: HUB_KEY, maxRetries: 0, timeout: 20_000 });
const weather = {
  type: "function",
  name: "weather",
  strict: false,
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

test("a response has its text and its cost", async () => {
  const response = await client.responses.create({ model: "sim/instant", input: "Hello!" });
  assert.ok(response.output_text);
  assert.equal(response.status, "completed");
  assert.ok(response.usage.aigneHubCredits > 0);
});

test("the stream helper puts a response together", async () => {
  const stream = client.responses.stream({ model: "sim/instant", input: "Hello!" });
  let text = "";
  stream.on("response.output_text.delta", (event) => (text += event.delta));
  const response = await stream.finalResponse();
  assert.ok(text);
  assert.equal(response.output_text, text);
});

test("a tool is called and its result is answered", async () => {
  const input = [{ role: "user", content: "Bern" }];
  const stream = client.responses.stream({ model: "sim/tools", input, tools: [weather] });
  const asked = await stream.finalResponse();
  const [call] = asked.output;
  assert.equal(call.type, "function_call");
  assert.ok("city" in JSON.parse(call.arguments));
  input.push(...asked.output, { type: "function_call_output", call_id: call.call_id, output: "12 C" });
  const answer = await client.responses.create({ model: "sim/instant", input, tools: [weather] });
  assert.ok(answer.output_text);
});

test("what needs stored state is refused", async () => {
  await assert.rejects(
    client.responses.create({ model: "sim/instant", input: "x", previous_response_id: "resp_1" }),
    (error) => error instanceof OpenAI.BadRequestError && error.param === "previous_response_id",
  );
});

test("a stream that breaks is told", async () => {
  const stream = await client.responses.create({ model: "sim/cut", input: "x", stream: true });
  let last;
  for await (const event of stream) last = event;
  assert.equal(last.type, "response.failed");
});
