"""What OpenAI's own Python client makes of the hub's Responses.

HUB_URL and HUB_KEY say where the hub is; `tests/run` sets both, with a simulated provider behind it.
"""

import json
import os
import unittest

import openai

CLIENT = openai.OpenAI(
    base_url=os.environ["HUB_URL"] + "/v1", api_key=os.environ["HUB_KEY"], max_retries=0, timeout=20
)
WEATHER = {
    "type": "function",
    "name": "weather",
    "strict": False,
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


class Responses(unittest.TestCase):
    def test_a_response_has_its_text_and_its_cost(self):
        response = CLIENT.responses.create(model="sim/instant", input="Hello!", metadata={"job": "7"})
        self.assertTrue(response.output_text)
        self.assertEqual((response.status, response.metadata), ("completed", {"job": "7"}))
        self.assertGreater(response.usage.output_tokens, 0)
        self.assertGreater(response.usage.model_extra["aigneHubCredits"], 0)

    def test_the_stream_helper_puts_a_response_together(self):
        with CLIENT.responses.stream(model="sim/instant", input="Hello!") as stream:
            text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            response = stream.get_final_response()
        self.assertTrue(text)
        self.assertEqual(response.output_text, text)

    def test_a_tool_is_called_and_its_result_is_answered(self):
        conversation = [{"role": "user", "content": "Bern"}]
        asked = CLIENT.responses.create(model="sim/tools", input=conversation, tools=[WEATHER])
        call = asked.output[0]
        self.assertEqual((call.type, call.name), ("function_call", "weather"))
        self.assertIn("city", json.loads(call.arguments))
        conversation += asked.output
        conversation.append({"type": "function_call_output", "call_id": call.call_id, "output": "12 C"})
        answer = CLIENT.responses.create(model="sim/instant", input=conversation, tools=[WEATHER])
        self.assertTrue(answer.output_text)

    def test_what_needs_stored_state_is_refused(self):
        with self.assertRaises(openai.BadRequestError) as raised:
            CLIENT.responses.create(model="sim/instant", input="x", previous_response_id="resp_1")
        self.assertEqual(raised.exception.param, "previous_response_id")
        with self.assertRaises(openai.NotFoundError):
            CLIENT.responses.retrieve("resp_1")

    def test_a_model_that_does_not_exist(self):
        with self.assertRaises(openai.NotFoundError):
            CLIENT.responses.create(model="sim/nobody", input="x")

    def test_a_stream_that_breaks_is_told(self):
        events = list(CLIENT.responses.create(model="sim/cut", input="x", stream=True))
        self.assertEqual(events[-1].type, "response.failed")


if __name__ == "__main__":
    unittest.main()
