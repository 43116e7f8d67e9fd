"""Print a flow: a chat, Langflow's own agent with our toolset, and a model behind the address that is given."""

from __future__ import annotations

import json
import sys

from lfx.components.input_output import ChatInput, ChatOutput
from lfx.components.models_and_agents.agent import AgentComponent
from lfx.graph import Graph
from lfx_hex.components.hex.hex_toolset import HexToolset
from lfx_openai.components.openai.openai_chat_model import OpenAIModelComponent

asked, answered, agent = ChatInput(), ChatOutput(), AgentComponent()
model = OpenAIModelComponent().set(model_name="gpt-4o-mini", openai_api_base=sys.argv[1], api_key="none", stream=False)
agent.set(
    model=model.build_model,
    tools=[HexToolset().build_toolset],
    input_value=asked.message_response,
    add_current_date_tool=False,
)
answered.set(input_value=agent.message_response)
print(json.dumps(Graph(asked, answered).dump(name="Agent")))
