// What the Vercel AI SDK makes of the hub, by its provider for APIs like OpenAI's.
//
// HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, embedMany, generateText, jsonSchema, streamText, tool } from "ai";

const { HUB_URL, HUB_KEY } = process.env;
const hub = (apiKey = HUB_KEY) =>
  createOpenAICompatible({ name: "hub", baseURL: `${HUB_URL}/v1`, apiKey, includeUsage: true });
const weather = tool({
  inputSchema: jsonSchema({ type: "object", properties: { city: { type: "string" } }, required: ["city"] }),
});

test("a whole answer has its usage", async () => {
  const answer = await generateText({ model: hub()("sim/instant"), prompt: "Hello!" });
  assert.ok(answer.text);
  assert.equal(answer.finishReason, "stop");
  assert.ok(answer.usage.inputTokens > 0 && answer.usage.outputTokens > 0);
});

test("a stream has its usage at the end", async () => {
  const answer = streamText({ model: hub()("sim/instant"), prompt: "Hello!" });
  let text = "";
  for await (const piece of answer.textStream) text += piece;
  assert.ok(text);
  assert.ok((await answer.usage).outputTokens > 0);
});

test("a tool is called, whole and streamed", async () => {
  const ask = { model: hub()("sim/tools"), prompt: "Bern", tools: { weather } };
  const [whole] = (await generateText(ask)).toolCalls;
  const [streamed] = await streamText(ask).toolCalls;
  for (const call of [whole, streamed]) {
    assert.equal(call.toolName, "weather");
    assert.equal(typeof call.input.city, "string");
  }
});

test("an image is taken", async () => {
  const png = Buffer.from(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "base64",
  );
  const content = [
    { type: "text", text: "What is it?" },
    { type: "file", data: png, mediaType: "image/png" },
  ];
  const answer = await generateText({ model: hub()("sim/instant"), messages: [{ role: "user", content }] });
  assert.ok(answer.text);
});

test("vectors are had", async () => {
  const { embeddings } = await embedMany({ model: hub().embeddingModel("sim/embedding"), values: ["a", "b"] });
  assert.equal(embeddings.length, 2);
  assert.ok(embeddings.every((vector) => vector.every(Number.isFinite)));
});

test("errors have their status", async () => {
  const failing = (model, status) =>
    assert.rejects(
      generateText({ model, prompt: "Hello!", maxRetries: 0 }),
      (error) => APICallError.isInstance(error) && error.statusCode === status,
    );
  await failing(hub()("sim/nobody"), 404);
  await failing(hub("no-key-of-anybody")("sim/instant"), 401);
  await failing(hub()("sim/error-500"), 502);
});

test("a stream can be left", async () => {
  const leave = new AbortController();
  const answer = streamText({ model: hub()("sim/slow"), prompt: "Hello!", abortSignal: leave.signal, onError() {} });
  let ended = "whole";
  for await (const part of answer.fullStream) {
    if (part.type === "text-delta") leave.abort();
    if (part.type === "abort") ended = "aborted";
  }
  assert.equal(ended, "aborted");
});
