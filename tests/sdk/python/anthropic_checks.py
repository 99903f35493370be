"""What Anthropic's own Python client makes of the hub: answers, streams, tools, counts and errors.

HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.
"""

import os
import unittest

import anthropic

URL = os.environ["HUB_URL"]
KEY = os.environ["HUB_KEY"]
HELLO = [{"role": "user", "content": "Hello!"}]
WEATHER = {
    "name": "weather",
    "description": "Tells the weather.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def client(path="", key=KEY):
    # Nothing but the address and the key.
    return anthropic.Anthropic(base_url=URL + path, api_key=key, max_retries=0, timeout=20)


def ask(**more):
    return {"model": "sim/instant", "max_tokens": 200, "messages": HELLO, **more}


class Messages(unittest.TestCase):
    def test_a_whole_answer_shows_its_cost(self):
        for path in ["", "/anthropic"]:
            message = client(path).messages.create(**ask())
            self.assertEqual((message.type, message.role), ("message", "assistant"))
            self.assertTrue(message.content[0].text)
            self.assertEqual(message.stop_reason, "end_turn")
            self.assertGreater(message.usage.output_tokens, 0)
            self.assertGreater(message.usage.model_extra["aigneHubCredits"], 0)
            self.assertTrue(message._request_id)

    def test_a_system_prompt_and_blocks(self):
        content = [{"type": "text", "text": "One", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "Two"}]
        message = client().messages.create(
            **ask(system=[{"type": "text", "text": "Be kind."}], messages=[{"role": "user", "content": content}])
        )
        self.assertIn("Two", message.content[0].text)

    def test_a_stream_is_put_together(self):
        with client().messages.stream(**ask()) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        self.assertTrue(text)
        self.assertEqual(final.content[0].text, text)
        self.assertEqual(final.stop_reason, "end_turn")
        self.assertGreater(final.usage.input_tokens, 0)
        self.assertGreater(final.usage.output_tokens, 0)

    def test_raw_events_come_in_order(self):
        events = [event.type for event in client().messages.create(**ask(stream=True))]
        self.assertEqual(events[0], "message_start")
        self.assertEqual(events[-2:], ["message_delta", "message_stop"])
        self.assertIn("content_block_delta", events)

    def test_a_tool_call_and_its_result(self):
        bern = [{"role": "user", "content": "Bern"}]
        first = client().messages.create(**ask(model="sim/tools", messages=bern, tools=[WEATHER]))
        self.assertEqual(first.stop_reason, "tool_use")
        call = next(block for block in first.content if block.type == "tool_use")
        self.assertEqual((call.name, list(call.input)), ("weather", ["city"]))
        result = {"type": "tool_result", "tool_use_id": call.id, "content": "sunny"}
        messages = bern + [
            {"role": "assistant", "content": [block.model_dump() for block in first.content]},
            {"role": "user", "content": [result]},
        ]
        second = client().messages.create(**ask(model="sim/tools", messages=messages, tools=[WEATHER]))
        self.assertIn("sunny", second.content[0].text)

    def test_a_streamed_tool_call(self):
        bern = [{"role": "user", "content": "Bern"}]
        with client().messages.stream(**ask(model="sim/tools", messages=bern, tools=[WEATHER])) as stream:
            final = stream.get_final_message()
        call = next(block for block in final.content if block.type == "tool_use")
        self.assertIn("city", call.input)
        self.assertEqual(final.stop_reason, "tool_use")

    def test_an_image_is_taken(self):
        image = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
        content = [{"type": "image", "source": image}, {"type": "text", "text": "What is it?"}]
        message = client().messages.create(**ask(messages=[{"role": "user", "content": content}]))
        self.assertTrue(message.content[0].text)

    def test_tokens_are_counted(self):
        counted = client().messages.count_tokens(model="sim/instant", messages=HELLO)
        self.assertGreater(counted.input_tokens, 0)

    def test_models_are_listed(self):
        models = client().models.list()
        names = [model.id for model in models.data]
        self.assertIn("sim/instant", names)
        self.assertEqual(client().models.retrieve("sim/instant").id, "sim/instant")

    def test_leaving_a_stream(self):
        with client().messages.stream(**ask(model="sim/slow")) as stream:
            for _ in stream.text_stream:
                break


class Errors(unittest.TestCase):
    def test_each_error_has_its_class(self):
        with self.assertRaises(anthropic.AuthenticationError):
            client(key="not-a-key-of-this-hub").messages.create(**ask())
        with self.assertRaises(anthropic.NotFoundError):
            client().messages.create(**ask(model="nobody/has-this"))
        with self.assertRaises(anthropic.BadRequestError) as bad:
            client().messages.create(**ask(max_tokens=0))
        self.assertEqual(bad.exception.body["error"]["type"], "invalid_request_error")
        self.assertIn("max_tokens", bad.exception.body["error"]["message"])
        with self.assertRaises(anthropic.RateLimitError):
            client().messages.create(**ask(model="sim/error-429"))
        with self.assertRaises(anthropic.InternalServerError):
            client().messages.create(**ask(model="sim/error-500"))

    def test_a_stream_that_breaks_off_raises(self):
        with self.assertRaises(anthropic.APIError):
            with client().messages.stream(**ask(model="sim/cut")) as stream:
                for _ in stream.text_stream:
                    pass


if __name__ == "__main__":
    unittest.main()
