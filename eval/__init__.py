"""An evaluation of the tools: tasks in words, played by a caller on the sandbox, judged by what is there after."""
