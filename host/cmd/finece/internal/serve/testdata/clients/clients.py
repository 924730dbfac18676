"""Asks questions through gateways, with stock clients. One line of JSON each on standard output.

clients.py ANNOTATE WITHHOLD: the addresses of two gateways, without /v1.
"""

import asyncio
import importlib.metadata
import json
import os
import sys
import warnings

os.environ["OPENAI_AGENTS_DISABLE_TRACING"] = "1"  # nothing goes anywhere but to the gateways
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS"] = "True"
os.environ["LANGSMITH_TRACING"] = "false"
warnings.simplefilter("ignore")

import agents
import anthropic
import litellm
import ollama
import openai
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class City(BaseModel):
    city: str
    people: int


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"], "additionalProperties": False}
CHAT_TOOL = {"type": "function", "function": {"name": "weather", "description": "the weather", "parameters": SCHEMA, "strict": True}}
TOOL = {"type": "function", "name": "weather", "description": "the weather", "parameters": SCHEMA, "strict": True}
CLAUDE_TOOL = {"name": "weather", "description": "the weather", "input_schema": SCHEMA}
TEXT, JSON, CALL = "Say the text.", "Say it as JSON.", "Call the tool."


def ask(text):
    return [{"role": "user", "content": text}]


def call(name, arguments):
    return {"tool": name, "arguments": json.loads(arguments) if isinstance(arguments, str) else arguments}


def city(parsed):
    return {"parsed": parsed.model_dump() if parsed else None}


def openai_chat(url):
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
    create = client.chat.completions.create

    def stream():
        text, finish = "", None
        for chunk in create(model="m", messages=ask(TEXT), stream=True):
            text += chunk.choices[0].delta.content or ""
            finish = chunk.choices[0].finish_reason or finish
        return {"text": text, "finish": finish}

    def helper():
        with client.chat.completions.stream(model="m", messages=ask(TEXT)) as events:
            choice = events.get_final_completion().choices[0]
        return {"text": choice.message.content, "finish": choice.finish_reason}

    def plain():
        choice = create(model="m", messages=ask(TEXT)).choices[0]
        return {"text": choice.message.content, "finish": choice.finish_reason}

    def parse():
        return city(client.chat.completions.parse(model="m", messages=ask(JSON), response_format=City).choices[0].message.parsed)

    def tool():
        made = create(model="m", messages=ask(CALL), tools=[CHAT_TOOL]).choices[0].message.tool_calls[0]
        return call(made.function.name, made.function.arguments)

    def tool_stream():
        with client.chat.completions.stream(model="m", messages=ask(CALL), tools=[CHAT_TOOL]) as events:
            made = events.get_final_completion().choices[0].message.tool_calls[0]
        return call(made.function.name, made.function.arguments)

    return stream, helper, plain, parse, tool, tool_stream


def openai_responses(url):
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
    create = client.responses.create

    def shown(response):
        return (response.incomplete_details and response.incomplete_details.reason) or response.status

    def stream():
        text, finish = "", None
        for event in create(model="m", input=TEXT, stream=True):
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type in ("response.completed", "response.incomplete"):
                finish = shown(event.response)
                assert event.response.output_text == text, event.response.output_text
        return {"text": text, "finish": finish}

    def helper():
        text, finish = "", None
        with client.responses.stream(model="m", input=TEXT) as events:
            for event in events:
                if event.type == "response.output_text.delta":
                    text = event.snapshot
                elif event.type in ("response.completed", "response.incomplete"):
                    finish = shown(event.response)
        return {"text": text, "finish": finish}

    def plain():
        response = create(model="m", input=TEXT)
        return {"text": response.output_text, "finish": shown(response)}

    def parse():
        return city(client.responses.parse(model="m", input=JSON, text_format=City).output_parsed)

    def tool():
        made = create(model="m", input=CALL, tools=[TOOL]).output[0]
        return call(made.name, made.arguments)

    def tool_stream():
        with client.responses.stream(model="m", input=CALL, tools=[TOOL]) as events:
            made = events.get_final_response().output[0]
        return call(made.name, made.arguments)

    return stream, helper, plain, parse, tool, tool_stream


def openai_completions(url):
    client = openai.OpenAI(base_url=url + "/v1", api_key="k", max_retries=0)

    def stream():
        text, finish = "", None
        for chunk in client.completions.create(model="m", prompt=TEXT, stream=True):
            text += chunk.choices[0].text
            finish = chunk.choices[0].finish_reason or finish
        return {"text": text, "finish": finish}

    def plain():
        choice = client.completions.create(model="m", prompt=TEXT).choices[0]
        return {"text": choice.text, "finish": choice.finish_reason}

    return stream, plain


def anthropic_messages(url):
    client = anthropic.Anthropic(base_url=url, api_key="k", max_retries=0)
    asked = {"model": "claude-m", "max_tokens": 100}

    def shown(message):
        return {"text": "".join(b.text for b in message.content if b.type == "text"), "finish": message.stop_reason}

    def stream():
        text, finish = "", None
        for event in client.messages.create(messages=ask(TEXT), stream=True, **asked):
            if event.type == "content_block_delta":
                text += event.delta.text
            elif event.type == "message_delta":
                finish = event.delta.stop_reason
        return {"text": text, "finish": finish}

    def helper():
        with client.messages.stream(messages=ask(TEXT), **asked) as events:
            return shown(events.get_final_message())

    def plain():
        return shown(client.messages.create(messages=ask(TEXT), **asked))

    def parse():
        return city(client.messages.parse(messages=ask(JSON), output_format=City, **asked).parsed_output)

    def tool():
        made = client.messages.create(messages=ask(CALL), tools=[CLAUDE_TOOL], **asked).content[0]
        return call(made.name, made.input)

    def tool_stream():
        with client.messages.stream(messages=ask(CALL), tools=[CLAUDE_TOOL], **asked) as events:
            made = events.get_final_message().content[0]
        return call(made.name, made.input)

    return stream, helper, plain, parse, tool, tool_stream


def ollama_chat(url):
    client = ollama.Client(host=url)

    def shown(answer):
        return {"text": answer.message.content, "finish": answer.done_reason}

    def stream():
        text, finish = "", None
        for line in client.chat(model="m", messages=ask(TEXT), stream=True):
            text += line.message.content or ""
            finish = line.done_reason or finish
        return {"text": text, "finish": finish}

    def plain():
        return shown(client.chat(model="m", messages=ask(TEXT)))

    def parse():
        return city(City.model_validate_json(client.chat(model="m", messages=ask(JSON), format=City.model_json_schema()).message.content))

    def tool():
        made = client.chat(model="m", messages=ask(CALL), tools=[CHAT_TOOL]).message.tool_calls[0]
        return call(made.function.name, made.function.arguments)

    def tool_stream():
        made = [c for line in client.chat(model="m", messages=ask(CALL), tools=[CHAT_TOOL], stream=True) for c in line.message.tool_calls or []][0]
        return call(made.function.name, made.function.arguments)

    return stream, plain, parse, tool, tool_stream


def ollama_generate(url):
    client = ollama.Client(host=url)

    def stream():
        text, finish = "", None
        for line in client.generate(model="m", prompt=TEXT, stream=True):
            text += line.response
            finish = line.done_reason or finish
        return {"text": text, "finish": finish}

    def plain():
        answer = client.generate(model="m", prompt=TEXT)
        return {"text": answer.response, "finish": answer.done_reason}

    return stream, plain


def langchain(model, finish):
    def shown(message):
        return {"text": message.text, "finish": finish(message.response_metadata)}

    def stream():
        whole = None
        for chunk in model.stream(TEXT):
            whole = chunk if whole is None else whole + chunk
        return shown(whole)

    def plain():
        return shown(model.invoke(TEXT))

    def parse():
        return city(model.with_structured_output(City, method="json_schema").invoke(JSON))

    def tool():
        made = model.bind_tools([CHAT_TOOL]).invoke(CALL).tool_calls[0]
        return call(made["name"], made["args"])

    def tool_stream():
        whole = None
        for chunk in model.bind_tools([CHAT_TOOL]).stream(CALL):
            whole = chunk if whole is None else whole + chunk
        return call(whole.tool_calls[0]["name"], whole.tool_calls[0]["args"])

    return stream, plain, parse, tool, tool_stream


def langchain_chat(url):
    return langchain(ChatOpenAI(model="m", base_url=url + "/v1", api_key="k", max_retries=0), lambda m: m.get("finish_reason"))


def langchain_responses(url):
    model = ChatOpenAI(model="m", base_url=url + "/v1", api_key="k", max_retries=0, use_responses_api=True)
    return langchain(model, lambda m: (m.get("incomplete_details") or {}).get("reason") or m.get("status"))


def langchain_messages(url):
    model = ChatAnthropic(model="claude-m", base_url=url, api_key="k", max_retries=0)
    return langchain(model, lambda m: m.get("stop_reason"))


def litellm_of(model, base):
    def client(url):
        asked = {"model": model, "api_base": url + base, "api_key": "k", "num_retries": 0}

        def stream():
            text, finish = "", None
            for chunk in litellm.completion(messages=ask(TEXT), stream=True, **asked):
                text += chunk.choices[0].delta.content or ""
                finish = chunk.choices[0].finish_reason or finish
            return {"text": text, "finish": finish}

        def plain():
            choice = litellm.completion(messages=ask(TEXT), **asked).choices[0]
            return {"text": choice.message.content, "finish": choice.finish_reason}

        def parse():
            choice = litellm.completion(messages=ask(JSON), response_format=City, **asked).choices[0]
            return city(City.model_validate_json(choice.message.content))

        def tool():
            made = litellm.completion(messages=ask(CALL), tools=[CHAT_TOOL], **asked).choices[0].message.tool_calls[0]
            return call(made.function.name, made.function.arguments)

        return stream, plain, parse, tool

    return client


def litellm_responses(url):
    asked = {"model": "openai/gpt-4o", "api_base": url + "/v1", "api_key": "k", "num_retries": 0}  # of a model that it does not know it asks for no stream

    def stream():
        text, finish = "", None
        for event in litellm.responses(input=TEXT, stream=True, **asked):
            if event.type == "response.output_text.delta":
                text += event.delta
            elif event.type in ("response.completed", "response.incomplete"):
                finish = (event.response.incomplete_details and event.response.incomplete_details.reason) or event.response.status
        return {"text": text, "finish": finish}

    def plain():
        response = litellm.responses(input=TEXT, **asked)
        return {"text": response.output_text, "finish": (response.incomplete_details and response.incomplete_details.reason) or response.status}

    return stream, plain


LOOP = asyncio.new_event_loop()  # of all of the Agents SDK's connections


def agents_of(api):
    def client(url):
        connection = openai.AsyncOpenAI(base_url=url + "/v1", api_key="k", max_retries=0)
        model = api(model="m", openai_client=connection)
        called = []

        @agents.function_tool
        def weather(city: str) -> str:
            called.append(city)
            return "sun"

        agent = agents.Agent(name="a", instructions="Be brief.", model=model)

        def run(*asked):
            return LOOP.run_until_complete(agents.Runner.run(*asked)).final_output

        def stream():
            async def read():
                text = ""
                streamed = agents.Runner.run_streamed(agent, TEXT)
                async for event in streamed.stream_events():
                    if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                        text += event.data.delta
                assert streamed.final_output == text, streamed.final_output
                return {"text": text}

            return LOOP.run_until_complete(read())

        def plain():
            return {"text": run(agent, TEXT)}

        def parse():
            return city(run(agent.clone(output_type=City), JSON))

        def tool():
            said = run(agent.clone(tools=[weather], tool_use_behavior="stop_on_first_tool"), CALL)
            assert said == "sun", said
            return call("weather", {"city": called[-1]})

        return stream, plain, parse, tool

    return client


CLIENTS = [
    ("openai", "chat", openai_chat), ("openai", "completions", openai_completions), ("openai", "responses", openai_responses),
    ("anthropic", "messages", anthropic_messages), ("ollama", "ollama", ollama_chat), ("ollama", "ollama-generate", ollama_generate),
    ("langchain-openai", "chat", langchain_chat), ("langchain-openai", "responses", langchain_responses), ("langchain-anthropic", "messages", langchain_messages),
    ("litellm", "chat", litellm_of("openai/m", "/v1")), ("litellm", "messages", litellm_of("anthropic/claude-m", "")), ("litellm", "responses", litellm_responses),
    ("openai-agents", "chat", agents_of(agents.OpenAIChatCompletionsModel)), ("openai-agents", "responses", agents_of(agents.OpenAIResponsesModel)),
]


def main():
    litellm.suppress_debug_info = True  # it prints to standard output
    for policy, url in zip(("annotate", "withhold"), sys.argv[1:]):
        for package, surface, client in CLIENTS:
            for question in client(url):
                if policy == "withhold" and question.__name__.startswith("tool"):
                    continue  # a call without text has no confidence, so withhold sends none
                line = {"client": package + " (Python)", "version": importlib.metadata.version(package), "surface": surface, "policy": policy, "case": question.__name__}
                try:
                    line.update(question())
                except Exception as error:  # the test judges it
                    line["error"] = f"{type(error).__name__}: {error}"[:300]
                print(json.dumps(line), flush=True)


main()
