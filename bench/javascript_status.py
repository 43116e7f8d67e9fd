"""What the JavaScript core costs: a status read through it beside a bare fetch of the same address.

    python bench/javascript_status.py [--rounds 300]

Needs Node. Both read from a sandbox in a process of its own, in turns, with connections kept open.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from hex_blocks.hosts.javascript.data import CORE, core_data
from hex_blocks.sandbox import TOKENS, Sandbox
from hex_blocks.tools.registry import Registry

PROGRAM = """
const [core, specs, base, token, projectId, runId, rounds] = process.argv.slice(2);
const { createCore } = require(`${core}/core.js`);
const { clock, http } = require(`${core}/node_host.js`);
const limits = { all: [], 'hex-api': [], 'hex-api-30rpm': [] };
const hex = createCore(require(specs), { http, clock, limits });
const connection = hex.connect({ apiKey: token, region: 'custom', baseUrl: base, loopback: true });
const url = `${base}/projects/${projectId}/runs/${runId}`;
const bare = async () => (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).json();
const ours = () => hex.call('hex_get_run_status', { projectId, runId }, connection);
const median = (times) => times.sort((one, other) => one - other)[times.length >> 1];
(async () => {
  const times = { bare: [], ours: [] };
  for (let round = 0; round < Number(rounds) + 50; round += 1) {
    for (const [name, read] of [['bare', bare], ['ours', ours]]) {
      const began = performance.now();
      await read();
      if (round >= 50) times[name].push(performance.now() - began);
    }
  }
  console.log(JSON.stringify({ bare: median(times.bare), ours: median(times.ours) }));
})();
"""


def main() -> int:
    """Print both medians and how many times as long ours takes."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    registry = Registry.load(plugins=False)
    node = shutil.which("node")
    if node is None:
        print("Node is not here.")
        return 1
    with Sandbox(limits=False) as sandbox, tempfile.TemporaryDirectory() as folder:
        project = sandbox.world.project("Revenue report")
        run = sandbox.world.runs(project.id)[0]
        program, specs = Path(folder) / "bench.js", Path(folder) / "specs.json"
        program.write_text(PROGRAM)
        specs.write_text(json.dumps(core_data(registry, [registry["hex_get_run_status"]])))
        given = [str(CORE), str(specs), sandbox.base_url, TOKENS.personal, project.id, run.id, str(rounds)]
        done = subprocess.run([node, str(program), *given], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    print(
        f"bare fetch {told['bare']:.2f} ms, through the core {told['ours']:.2f} ms: {told['ours'] / told['bare']:.2f}×"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
