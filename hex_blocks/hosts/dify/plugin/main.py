"""Run the plugin: Dify starts this module."""

import yaml
from dify_plugin import DifyPluginEnv, Plugin

# The SDK reads a YAML file for each tool at every start; libyaml's loader is many times faster.
yaml.SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # type: ignore[misc]

if __name__ == "__main__":
    Plugin(DifyPluginEnv(MAX_REQUEST_TIMEOUT=600)).run()
