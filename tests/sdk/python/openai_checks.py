"""What OpenAI's own Python client makes of the hub: answers, streams, tools, vectors and errors.

HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.
"""

import base64
import json
import os
import unittest

import openai

URL = os.environ["HUB_URL"]
KEY = os.environ["HUB_KEY"]
HELLO = [{"role": "user", "content": "Hello!"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def client(path="/v1", key=KEY):
    return openai.OpenAI(base_url=URL + path, api_key=key, max_retries=0, timeout=20)


class Answers(unittest.TestCase):
    def test_a_whole_answer_shows_its_cost(self):
        for path in ["/v1", "/api/v2"]:
            answer = client(path).chat.completions.create(model="sim/instant", messages=HELLO)
            self.assertTrue(answer.choices[0].message.content)
            self.assertEqual(answer.choices[0].finish_reason, "stop")
            self.assertGreater(answer.usage.completion_tokens, 0)
            self.assertGreater(answer.usage.model_extra["aigneHubCredits"], 0)
            self.assertTrue(answer.usage.model_extra["modelCallId"])

    def test_a_stream_ends_with_its_usage(self):
        stream = client().chat.completions.create(
            model="sim/instant", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
        chunks = list(stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertTrue(text)
        self.assertEqual(chunks[-1].choices, [])
        self.assertGreater(chunks[-1].usage.total_tokens, 0)
        self.assertGreater(chunks[-1].usage.model_extra["aigneHubCredits"], 0)
        self.assertEqual({chunk.id for chunk in chunks}, {chunks[0].id})

    def test_the_stream_helper_accumulates_a_tool_call(self):
        with client().chat.completions.stream(
            model="sim/tools", messages=[{"role": "user", "content": "Bern"}], tools=[WEATHER]
        ) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        call = final.choices[0].message.tool_calls[0]
        self.assertEqual(call.function.name, "weather")
        self.assertIn("city", json.loads(call.function.arguments))
        self.assertEqual(final.choices[0].finish_reason, "tool_calls")

    def test_a_tool_call_and_its_result(self):
        first = client().chat.completions.create(
            model="sim/tools", messages=[{"role": "user", "content": "Bern"}], tools=[WEATHER]
        )
        message = first.choices[0].message
        call = message.tool_calls[0]
        self.assertIsNone(message.content)
        messages = [
            {"role": "user", "content": "Bern"},
            message.model_dump(exclude_none=True),
            {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
        ]
        second = client().chat.completions.create(model="sim/tools", messages=messages, tools=[WEATHER])
        self.assertIn("sunny", second.choices[0].message.content)

    def test_structured_output_parses(self):
        schema = {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        }
        answer = client().chat.completions.create(
            model="sim/instant",
            messages=HELLO,
            response_format={"type": "json_schema", "json_schema": {"name": "place", "schema": schema, "strict": True}},
        )
        self.assertIsInstance(json.loads(answer.choices[0].message.content)["city"], str)

    def test_several_choices(self):
        answer = client().chat.completions.create(model="sim/instant", messages=HELLO, n=3)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2])

    def test_a_limit_ends_the_answer(self):
        answer = client().chat.completions.create(model="sim/long", messages=HELLO, max_completion_tokens=20)
        self.assertEqual(answer.choices[0].finish_reason, "length")
        self.assertLessEqual(answer.usage.completion_tokens, 20)

    def test_models_are_listed(self):
        names = [model.id for model in client().models.list()]
        self.assertIn("sim/instant", names)
        self.assertEqual(client().models.retrieve("sim/instant").id, "sim/instant")

    def test_vectors(self):
        # The client asks for base64 by itself.
        vectors = client().embeddings.create(model="sim/embedding", input=["one", "two"])
        self.assertEqual([vector.index for vector in vectors.data], [0, 1])
        self.assertIsInstance(vectors.data[0].embedding[0], float)
        floats = client().embeddings.create(model="sim/embedding", input="one", encoding_format="float")
        self.assertEqual(len(floats.data[0].embedding), len(vectors.data[0].embedding))


class Errors(unittest.TestCase):
    def raised(self, kind, model="sim/instant", key=KEY, **more):
        with self.assertRaises(kind) as raised:
            client(key=key).chat.completions.create(model=model, messages=more.pop("messages", HELLO), **more)
        return raised.exception

    def test_an_unknown_key(self):
        error = self.raised(openai.AuthenticationError, key="sk-nobody-has-this-key")
        self.assertEqual(error.code, "invalid_api_key")

    def test_an_unknown_model(self):
        error = self.raised(openai.NotFoundError, model="sim/no-such-model")
        self.assertEqual(error.code, "model_not_found")

    def test_a_bad_field(self):
        error = self.raised(openai.BadRequestError, max_tokens=-1)
        self.assertEqual(error.param, "max_tokens")

    def test_an_upstream_that_finds_fault(self):
        self.raised(openai.BadRequestError, model="sim/error-400")

    def test_an_upstream_that_is_busy(self):
        self.assertEqual(self.raised(openai.RateLimitError, model="sim/error-429").status_code, 429)

    def test_an_upstream_that_fails(self):
        self.assertEqual(self.raised(openai.InternalServerError, model="sim/error-500").status_code, 502)

    def test_a_refused_credential_of_the_hub(self):
        error = self.raised(openai.InternalServerError, model="sim/error-401")
        self.assertEqual((error.status_code, error.code), (502, "upstream_authentication"))

    def test_a_stream_that_breaks_raises(self):
        for model in ["sim/cut", "sim/error-in-stream"]:
            stream = client().chat.completions.create(model=model, messages=HELLO, stream=True)
            with self.assertRaises(openai.APIError):
                for _ in stream:
                    pass

    def test_a_path_that_does_not_exist(self):
        with self.assertRaises(openai.NotFoundError):
            client("/v2").models.list()


class Media(unittest.TestCase):
    def test_images_are_made_and_edited(self):
        for path in ["/v1", "/api/v2"]:
            made = client(path).images.generate(model="sim/image", prompt="a cat", n=2)
            self.assertEqual(len(made.data), 2)
            picture = base64.b64decode(made.data[0].b64_json)
            self.assertTrue(picture.startswith(b"\x89PNG"))
            self.assertGreater(made.usage.model_extra["aigneHubCredits"], 0)
            edited = client(path).images.edit(model="sim/image", prompt="a dog", image=("a.png", picture, "image/png"))
            self.assertTrue(edited.data[0].b64_json)

    def test_images_come_in_pieces(self):
        stream = client().images.generate(model="sim/image", prompt="a cat", stream=True, partial_images=2)
        events = list(stream)
        kinds = [event.type for event in events]
        self.assertEqual(kinds, ["image_generation.partial_image"] * 2 + ["image_generation.completed"])
        self.assertTrue(events[-1].b64_json)

    def test_a_text_is_read_aloud(self):
        speech = client().audio.speech.create(model="sim/speech", voice="alloy", input="Hello!", response_format="wav")
        self.assertTrue(speech.content.startswith(b"RIFF"))
        with client("/api/v2").audio.speech.with_streaming_response.create(
            model="sim/speech", voice="alloy", input="Hello!", response_format="pcm"
        ) as streamed:
            self.assertGreater(sum(len(piece) for piece in streamed.iter_bytes()), 1000)

    def test_speech_is_written_down(self):
        wav = client().audio.speech.create(
            model="sim/speech", voice="alloy", input="Hello!", response_format="wav"
        ).content
        for path in ["/v1", "/api/v2"]:
            audio = client(path).audio
            heard = audio.transcriptions.create(model="sim/transcription", file=("a.wav", wav))
            self.assertIn("heard", heard.text)
            subtitles = audio.transcriptions.create(
                model="sim/transcription", file=("a.wav", wav), response_format="srt"
            )
            self.assertIn(" --> ", subtitles)
            self.assertIn("heard", audio.translations.create(model="sim/transcription", file=("a.wav", wav)).text)
        stream = client().audio.transcriptions.create(model="sim/transcription", file=("a.wav", wav), stream=True)
        events = list(stream)
        self.assertEqual(events[-1].type, "transcript.text.done")
        self.assertEqual("".join(event.delta for event in events[:-1]), events[-1].text)

    def test_errors_of_media_are_the_clients_own(self):
        with self.assertRaises(openai.BadRequestError):
            client().audio.speech.create(model="sim/speech", voice="alloy", input="x", response_format="opus")
        with self.assertRaises(openai.NotFoundError):
            client().audio.transcriptions.create(model="sim/none", file=("a.wav", b"RIFF"))
        with self.assertRaises(openai.BadRequestError):
            client().images.generate(model="sim/image", prompt="a cat", n=11)


class Repeats(unittest.TestCase):
    def test_an_idempotency_key_repeats_the_answer(self):
        ask = {"model": "sim/instant", "messages": HELLO, "extra_headers": {"Idempotency-Key": os.urandom(8).hex()}}
        first = client().chat.completions.create(**ask)
        second = client().chat.completions.create(**ask)
        self.assertEqual(first.id, second.id)
        self.assertEqual(first.usage.model_extra["modelCallId"], second.usage.model_extra["modelCallId"])


if __name__ == "__main__":
    unittest.main()
