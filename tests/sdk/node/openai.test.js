// What OpenAI's own Node client makes of the hub: answers, streams, tools, vectors and errors.
//
// HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.

import assert from "node:assert/strict";
import { test } from "node:test";

import OpenAI, { toFile } from "openai";

const { HUB_URL, HUB_KEY } = process.env;
const messages = [{ role: "user", content: "Hello!" }];
const weather = {
  type: "function",
  function: {
    name: "weather",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

const client = (path = "/v1", apiKey = HUB_KEY) =>
  new OpenAI({ baseURL: HUB_URL + path, apiKey, maxRetries: 0, timeout: 20_000 });

test("a whole answer shows its cost", async () => {
  for (const path of ["/v1", "/api/v2"]) {
    const answer = await client(path).chat.completions.create({ model: "sim/instant", messages });
    assert.ok(answer.choices[0].message.content);
    assert.equal(answer.choices[0].finish_reason, "stop");
    assert.ok(answer.usage.aigneHubCredits > 0);
    assert.ok(answer.usage.modelCallId);
  }
});

test("a stream ends with its usage", async () => {
  const stream = await client().chat.completions.create({
    model: "sim/instant",
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let last;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    last = chunk;
  }
  assert.ok(text);
  assert.deepEqual(last.choices, []);
  assert.ok(last.usage.total_tokens > 0 && last.usage.aigneHubCredits > 0);
});

test("the stream helper accumulates a tool call", async () => {
  const stream = client().chat.completions.stream({
    model: "sim/tools",
    messages: [{ role: "user", content: "Bern" }],
    tools: [weather],
  });
  const final = await stream.finalChatCompletion();
  const [call] = final.choices[0].message.tool_calls;
  assert.equal(call.function.name, "weather");
  assert.ok("city" in JSON.parse(call.function.arguments));
  assert.equal(final.choices[0].finish_reason, "tool_calls");
});

test("structured output parses", async () => {
  const schema = {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  };
  const answer = await client().chat.completions.parse({
    model: "sim/instant",
    messages,
    response_format: { type: "json_schema", json_schema: { name: "place", schema, strict: true } },
  });
  assert.equal(typeof JSON.parse(answer.choices[0].message.content).city, "string");
});

test("models are listed", async () => {
  const names = [];
  for await (const model of client().models.list()) names.push(model.id);
  assert.ok(names.includes("sim/instant"));
  assert.equal((await client().models.retrieve("sim/instant")).id, "sim/instant");
});

test("vectors", async () => {
  // The client asks for base64 by itself.
  const vectors = await client().embeddings.create({ model: "sim/embedding", input: ["one", "two"] });
  assert.deepEqual(vectors.data.map(({ index }) => index), [0, 1]);
  assert.equal(typeof vectors.data[0].embedding[0], "number");
});

test("images are made and edited", async () => {
  const made = await client().images.generate({ model: "sim/image", prompt: "a cat", n: 2 });
  assert.equal(made.data.length, 2);
  assert.ok(made.usage.aigneHubCredits > 0);
  const picture = Buffer.from(made.data[0].b64_json, "base64");
  const image = await toFile(picture, "a.png", { type: "image/png" });
  const edited = await client().images.edit({ image, model: "sim/image", prompt: "a dog" });
  assert.ok(edited.data[0].b64_json);
  const stream = await client().images.generate({ model: "sim/image", prompt: "a cat", stream: true, partial_images: 1 });
  const kinds = [];
  for await (const { type } of stream) kinds.push(type);
  assert.deepEqual(kinds, ["image_generation.partial_image", "image_generation.completed"]);
});

test("a text is read aloud, and written down again", async () => {
  const spoken = await client().audio.speech.create({ model: "sim/speech", voice: "alloy", input: "Hello!", response_format: "wav" });
  const wav = Buffer.from(await spoken.arrayBuffer());
  assert.equal(wav.subarray(0, 4).toString(), "RIFF");
  for (const path of ["/v1", "/api/v2"]) {
    // This client sends the file first.
    const file = await toFile(wav, "a.wav");
    const heard = await client(path).audio.transcriptions.create({ file, model: "sim/transcription" });
    assert.match(heard.text, /heard/);
  }
  const file = await toFile(wav, "a.wav");
  const stream = await client().audio.transcriptions.create({ model: "sim/transcription", stream: true, file });
  let last;
  for await (const event of stream) last = event;
  assert.equal(last.type, "transcript.text.done");
  const bad = client().audio.speech.create({ model: "sim/speech", voice: "alloy", input: "x", response_format: "opus" });
  await assert.rejects(bad, OpenAI.BadRequestError);
});

test("errors are the client's own classes", async () => {
  const ask = (more, options) => client("/v1", options?.key).chat.completions.create({ model: "sim/instant", messages, ...more });
  await assert.rejects(ask({}, { key: "sk-nobody-has-this-key" }), OpenAI.AuthenticationError);
  await assert.rejects(ask({ model: "sim/no-such-model" }), OpenAI.NotFoundError);
  await assert.rejects(ask({ max_tokens: -1 }), (error) => error instanceof OpenAI.BadRequestError && error.param === "max_tokens");
  await assert.rejects(ask({ model: "sim/error-429" }), OpenAI.RateLimitError);
  await assert.rejects(ask({ model: "sim/error-500" }), (error) => error instanceof OpenAI.InternalServerError && error.status === 502);
});

test("a stream that breaks raises", async () => {
  for (const model of ["sim/cut", "sim/error-in-stream"]) {
    const stream = await client().chat.completions.create({ model, messages, stream: true });
    await assert.rejects(async () => {
      for await (const _ of stream);
    }, OpenAI.APIError);
  }
});
