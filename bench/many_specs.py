"""Reading many specs: the time of a listing and of checking every spec, by their number.

python bench/many_specs.py
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from pathlib import Path

from hex_blocks.i18n.texts import data_folder
from hex_blocks.tools.registry import Registry

COUNTS = (125, 250, 500, 1000)


def copy_specs(folder: Path, count: int) -> None:
    """Fill a folder with `count` specs, made of ours under other ids."""
    shutil.copy(data_folder("tool_specs") / "block.json", folder)
    originals = [json.loads(file.read_bytes()) for file in sorted(data_folder("tool_specs").glob("hex_*.json"))]
    for number in range(count):
        spec = originals[number % len(originals)]
        name = f"{spec['id']}_{number}"
        (folder / f"{name}.json").write_text(json.dumps(spec | {"id": name}))


def main() -> None:
    """Measure and print milliseconds, in all and for each spec."""
    print("specs   listed, ms (each)      all checked, ms (each)")
    for count in COUNTS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            copy_specs(folder, count)
            began = time.perf_counter()
            registry = Registry(folder)
            listed = (time.perf_counter() - began) * 1000
            for tool in registry.values():
                _ = tool.spec
            checked = (time.perf_counter() - began) * 1000 - listed
        print(f"{count:5}   {listed:8.1f} ({listed / count:.3f})      {checked:8.1f} ({checked / count:.3f})")


if __name__ == "__main__":
    main()
