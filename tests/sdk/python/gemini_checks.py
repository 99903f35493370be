"""What Google's own Python client makes of the hub: answers, streams, tools, counts and errors.

HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.
"""

import functools
import os
import unittest

from google import genai
from google.genai import errors, types

URL = os.environ["HUB_URL"]
KEY = os.environ["HUB_KEY"]
WEATHER = types.FunctionDeclaration(
    name="weather",
    description="Tells the weather.",
    parameters=types.Schema(
        type="OBJECT", properties={"city": types.Schema(type="STRING")}, required=["city"]
    ),
)


@functools.cache
def client(path="", key=KEY):
    # Nothing but the address and the key. Kept, because one that nobody holds closes its connections.
    return genai.Client(api_key=key, http_options=types.HttpOptions(base_url=URL + path, timeout=20_000))


def tools():
    automatic = types.AutomaticFunctionCallingConfig(disable=True)
    tool = types.Tool(function_declarations=[WEATHER])
    return types.GenerateContentConfig(tools=[tool], automatic_function_calling=automatic)


class Contents(unittest.TestCase):
    def test_a_whole_answer(self):
        for path in ["", "/gemini"]:
            answer = client(path).models.generate_content(model="sim/instant", contents="Hello!")
            self.assertTrue(answer.text)
            self.assertEqual(answer.candidates[0].finish_reason, types.FinishReason.STOP)
            self.assertGreater(answer.usage_metadata.candidates_token_count, 0)
            self.assertGreater(answer.usage_metadata.total_token_count, 0)

    def test_a_stream(self):
        pieces = list(client().models.generate_content_stream(model="sim/instant", contents="Hello!"))
        self.assertGreater(len(pieces), 2)
        self.assertTrue("".join(piece.text or "" for piece in pieces))
        self.assertGreater(pieces[-1].usage_metadata.prompt_token_count, 0)

    def test_a_tool_call_and_its_result(self):
        bern = types.Content(role="user", parts=[types.Part(text="Bern")])
        first = client().models.generate_content(model="sim/tools", contents=[bern], config=tools())
        call = first.function_calls[0]
        self.assertEqual((call.name, list(call.args)), ("weather", ["city"]))
        result = types.Part.from_function_response(name=call.name, response={"output": "sunny"})
        contents = [bern, first.candidates[0].content, types.Content(role="user", parts=[result])]
        second = client().models.generate_content(model="sim/tools", contents=contents, config=tools())
        self.assertIn("sunny", second.text)

    def test_a_streamed_tool_call_comes_once_and_whole(self):
        pieces = client().models.generate_content_stream(model="sim/tools", contents="Bern", config=tools())
        calls = [call for piece in pieces for call in piece.function_calls or []]
        self.assertEqual([(call.name, list(call.args)) for call in calls], [("weather", ["city"])])

    def test_a_system_instruction_and_an_image(self):
        image = types.Part.from_bytes(data=b"\x89PNG", mime_type="image/png")
        config = types.GenerateContentConfig(system_instruction="Be kind.", max_output_tokens=200, temperature=0.5)
        answer = client().models.generate_content(model="sim/instant", contents=["What is it?", image], config=config)
        self.assertTrue(answer.text)

    def test_vectors(self):
        answer = client().models.embed_content(model="sim/embedding", contents=["one", "two"])
        self.assertEqual(len(answer.embeddings), 2)
        self.assertIsInstance(answer.embeddings[0].values[0], float)

    def test_tokens_are_counted(self):
        counted = client().models.count_tokens(model="sim/instant", contents="Hello!")
        self.assertGreater(counted.total_tokens, 0)

    def test_models_are_listed(self):
        names = [model.name for model in client().models.list()]
        self.assertIn("models/sim/instant", names)


class Errors(unittest.TestCase):
    def failing(self, model="sim/instant", key=KEY):
        with self.assertRaises(errors.APIError) as raised:
            client(key=key).models.generate_content(model=model, contents="Hello!")
        return raised.exception

    def test_each_error_has_its_class_and_status(self):
        nobody = self.failing(key="not-a-key-of-this-hub")
        self.assertEqual((nobody.code, nobody.status), (401, "UNAUTHENTICATED"))
        unknown = self.failing(model="nobody/has-this")
        self.assertIsInstance(unknown, errors.ClientError)
        self.assertEqual((unknown.code, unknown.status), (404, "NOT_FOUND"))
        busy = self.failing(model="sim/error-429")
        self.assertEqual((busy.code, busy.status), (429, "RESOURCE_EXHAUSTED"))
        broken = self.failing(model="sim/error-500")
        self.assertIsInstance(broken, errors.ServerError)

    def test_a_stream_that_breaks_off_raises(self):
        with self.assertRaises(errors.APIError):
            list(client().models.generate_content_stream(model="sim/cut", contents="Hello!"))


if __name__ == "__main__":
    unittest.main()
