"""No query is left out: every public function of a table file is called by a test in this folder, on both engines."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

from moorline import store

NO_TABLES = {"addresses", "db", "engines", "sqlite", "postgresql", "migrate", "migrations", "servers"}
TABLE_FILES = sorted(module.name for module in pkgutil.iter_modules(store.__path__) if module.name not in NO_TABLES)
TESTS = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
CALLED = set(re.findall(r"\b(\w+)\.(\w+)\(", TESTS))


@pytest.mark.parametrize("name", TABLE_FILES)
def test_every_function_of_a_table_file_is_called_by_a_test(name: str) -> None:
    module = importlib.import_module(f"moorline.store.{name}")
    public = {
        function
        for function, value in inspect.getmembers(module, inspect.iscoroutinefunction)
        if value.__module__ == module.__name__ and not function.startswith("_")
    }
    assert public, f"moorline.store.{name} has no query: is it a table file?"
    untested = sorted(function for function in public if (name, function) not in CALLED)
    assert untested == [], f"no test in tests/store calls these of {name}.py"
