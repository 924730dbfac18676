"""Plays a stream to the filter through Open WebUI's own loader and dispatcher. Prints what it shows, a JSON line each.

play_filter.py FILTER: chunks come on standard input, a line each. Of Open WebUI, utils/plugin.py and utils/filter.py run as
they are; its database and its environment are stood in for by the few names that these two import.
"""

import asyncio
import json
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

SOURCE = Path(sys.argv[1]).read_text()
FUNCTION = SimpleNamespace(id="finece", content=SOURCE)


class Functions:
    """The table of functions, with one."""

    @staticmethod
    async def get_function_by_id(_id):
        return FUNCTION

    @staticmethod
    async def get_function_valves_by_ids(_ids):
        return {}


def module(name, **names):
    made = sys.modules[name] = ModuleType(name)
    made.__dict__.update(names)
    return made


class Environment(ModuleType):
    """Settings that are all off but one."""

    def __getattr__(self, name):
        return name == "ENABLE_FUNCTIONS"


package = find_spec("open_webui")
assert package is not None
module("open_webui").__path__ = package.submodule_search_locations
sys.modules["open_webui.env"] = Environment("open_webui.env")
module("open_webui.models").__path__ = []
module("open_webui.models.functions", Functions=Functions, FunctionModel=SimpleNamespace)
module("open_webui.models.tools", Tools=None)

from open_webui.utils.filter import process_filter_functions  # noqa: E402
from open_webui.utils.plugin import extract_frontmatter  # noqa: E402


async def main():
    assert extract_frontmatter(SOURCE)["requirements"] == "finece"
    shown = []

    async def emit(event):
        shown.append(event)

    request = SimpleNamespace(app=SimpleNamespace(state=SimpleNamespace()))
    metadata = {"message_id": "m1", "chat_id": "c1"}

    async def run(kind, data):
        return (
            await process_filter_functions(
                request=request,
                filter_context=None,
                filter_functions=[FUNCTION],
                filter_type=kind,
                form_data=data,
                extra_params={"__event_emitter__": emit, "__metadata__": metadata, "__user__": {}},
            )
        )[0]

    for line in sys.stdin:
        chunk = json.loads(line)
        assert await run("stream", json.loads(line)) == chunk, "the chunk passes as it is"
    body = {"id": "m1", "messages": []}
    assert await run("outlet", body) == body
    for event in shown:
        print(json.dumps(event))


asyncio.run(main())
