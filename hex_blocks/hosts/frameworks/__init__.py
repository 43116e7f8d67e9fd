"""Agent frameworks: the tools of a toolbox, as tool objects of each framework.

Each module has `toolkit(connection=None, tools=…)`, which returns the tools for an agent of its framework. The names,
descriptions, schemas and calls of the tools are the same in all frameworks and come from `offered.py`.
"""

LEVEL = {
    "OpenAI Agents SDK": "done: tests/hosts/frameworks/openai_agents/test_openai_agents.py",
    "PydanticAI": "done: tests/hosts/frameworks/pydantic_ai/test_pydantic_ai.py",
    "LlamaIndex": "done: tests/hosts/frameworks/llama_index/test_llama_index.py",
    "Google ADK": "done: tests/hosts/frameworks/google_adk/test_google_adk.py",
    "approval before a call": "exempt: each framework asks in a way of its own; a tool's hints say what it may do",
}
