"""Catalogues of translations: what is gathered, how they are kept, what is found wrong; and what users then see."""

from __future__ import annotations

import importlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po
from click.testing import CliRunner

from hex_blocks.cli import cli
from hex_blocks.cli.base import CLICK_WORDS, help_texts, wrapped
from hex_blocks.cli.strings import our_source
from hex_blocks.dev.catalogue_check import report
from hex_blocks.dev.catalogues import (
    LANGUAGES,
    Source,
    compile_catalogues,
    every_text,
    is_worded,
    read_catalogue,
    refresh,
    template,
    written,
)
from hex_blocks.dev.translation_check import problems_of
from hex_blocks.i18n import texts
from hex_blocks.i18n.plurals import Plural
from tests.calling import our_tools
from tests.conftest import REPOSITORY, RunCommand, WriteCatalogue

OURS = our_source()
SPEC = {
    "$comment": "Not for users",
    "id": "cats_count_cats",
    "title": "Count the cats",
    "description": "Count the projects of a collection of cats.",
    "modelHint": "Never twice",
    "request": {"operationId": "ListProjects", "method": "GET", "path": "/projects"},
    "inputs": {
        "title": {"type": "string", "title": "Title", "description": "A title.", "example": "My cat"},
        "filters": {
            "type": "object",
            "title": "Hex",
            "description": "Filters.",
            "fields": {"description": {"type": "string", "description": "In the description.", "enum": ["MICE"]}},
        },
    },
    "outputs": {
        "total": {"type": "integer", "description": "How many."},
        # Called as what holds names elsewhere.
        "groups": {"type": "array", "description": "Groups of cats.", "items": {"type": "string"}},
        "sharing": {
            "type": "object",
            "description": "With whom.",
            "fields": {"fields": {"type": "object", "description": "Fields of cats."}},
        },
    },
    "examples": [{"title": "Count two", "inputs": {"title": "Mittens"}, "outputs": {"description": "No text"}}],
}
WORDS = {"SENTENCES", "FAULTS", "WARNINGS"}
MODULE = """
WARNINGS = {"late": "It is {hours} hours late."}
SENTENCES = {"gone": Sentence(NotFoundError, "The cat is gone.", "Call it.")}
def speak(call, english):
    call.say("One " "sentence.", count=1)
    text("yes" if english else "no")
    say(english)
    log("Not said")
    call.say(Plural("{count} cat", "{count} cats"), count=2)
    later = Plural("{hours} hour", "{hours} hours", "hours")
"""


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A small repository: a spec, a module and a guide."""
    files = {
        "tool_specs/cats_count_cats.json": json.dumps(SPEC),
        "hex_blocks/speaking.py": MODULE,
        "hex_blocks/templates/page.md.j2": (
            "{{ say('From a template') }} {{ other('Not said') }}"
            "{{ say(plural('{count} paw', '{count} paws'), count=4) }}"
        ),
        "docs/guides/cats.md": "# Cats\n\nFeed them\nwell.\n\n```console\n$ hex-blocks demo\n```\n",
    }
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    return Source(tmp_path, "cats")


@pytest.fixture
def translate(source: Source) -> Callable[..., None]:
    """Write translations into a language's catalogue."""

    def write(language: str, translations: dict[str, str], flags: str = "") -> None:
        refresh(source, [language])
        file = source.locales / f"{language}.po"
        whole = file.read_text()
        for english, said in translations.items():
            entry = f'msgid "{english}"\nmsgstr ""'
            assert entry in whole
            whole = whole.replace(entry, f'{flags}msgid "{english}"\nmsgstr "{said}"')
        file.write_text(whole)

    return write


@pytest.fixture
def german(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, write_catalogue: WriteCatalogue) -> Iterator[Path]:
    """Our package with a German catalogue of a few texts; gives its folder of catalogues."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "tool_specs").symlink_to(REPOSITORY / "tool_specs")
    write_catalogue(
        tmp_path / "package" / "locales" / "de.mo",
        {
            "Usage:": "Aufruf:",
            "Options": "Optionen",
            "Commands": "Befehle",
            "Show this message and exit.": "Diese Hilfe anzeigen und beenden.",
            "Show no progress.": "Keinen Fortschritt anzeigen.",
            "Run a tool.": "Ein Werkzeug ausführen.",
            "Run a tool. Its result is printed as JSON on stdout, its progress on stderr.": (
                "Ein Werkzeug ausführen. Das Ergebnis erscheint als JSON auf stdout, der Fortschritt auf stderr."
            ),
            "Examples:": "Beispiele:",
            "Error: {message}": "Fehler: {message}",
            "Missing argument": "Fehlendes Argument",
            "No such option {name!r}.": "Die Option {name!r} gibt es nicht.",
            "No such option: {name}": "Die Option {name} gibt es nicht.",
            "There is no group {group}; there are {known}.": "Eine Gruppe {group} gibt es nicht, nur {known}.",
            "Cancel a run": "Einen Lauf abbrechen",
            "No tool is called {name}.": "Kein Werkzeug heißt {name}.",
        },
    )
    monkeypatch.setattr(texts, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(texts, "_language", None)
    for cached in (texts.nearest, texts._catalogues):
        cached.cache_clear()
    yield tmp_path / "package" / "locales"
    for cached in (texts.nearest, texts._catalogues):
        cached.cache_clear()


def said_by(*arguments: str, **environment: str) -> str:
    """Give what the command line prints, in this process."""
    done = CliRunner().invoke(cli, list(arguments), prog_name="hex-blocks", env=environment)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.output


def test_everything_users_see_is_gathered_and_nothing_else(source: Source) -> None:
    assert [english for english, _ in every_text(source) if is_worded(english)] == [
        "Count the cats",
        "Count the projects of a collection of cats.",
        "Title",
        "A title.",
        "Filters.",
        "In the description.",
        "How many.",
        "Groups of cats.",
        "With whom.",
        "Fields of cats.",
        "Count two",
        "It is {hours} hours late.",
        "The cat is gone.",
        "Call it.",
        "One sentence.",
        "yes",
        "no",
        "{count} cats",
        "{hours} hours",
        "From a template",
        "{count} paws",
        "Cats",
        "Feed them well.",
    ]


def test_a_text_says_where_it_stands(source: Source) -> None:
    places = dict(every_text(source))

    assert (
        places["In the description."] == "tool_specs/cats_count_cats.json inputs.filters.fields.description.description"
    )
    assert places["Call it."] == "hex_blocks/speaking.py SENTENCES.gone"
    assert places["Feed them well."] == "docs/guides/cats.md"


@pytest.mark.parametrize("words", ["Hex", "hex_run_project", "{message}", "https://hex.tech", "`code`", "--json", "3"])
def test_names_and_code_alone_are_no_words(words: str) -> None:
    assert not is_worded(words)


def test_our_own_texts_are_gathered() -> None:
    gathered = {english for english, _ in every_text(OURS)}

    assert {
        "Run a project",
        "Hex did not accept the token: it is mistyped, expired or revoked.",
        "{input} is required.",
        "List the tools: id, title, group and operation.",
        "Show no progress.",
        "Show this message and exit.",
        "A sandbox Hex is running at {url}.",
        "Automated reporting",
        "What people do with it",
        "Three things are needed: a token, the address of your Hex, and the ID of a project.",
    } <= gathered
    assert not [english for english in gathered if english in ("hex_run_project", "COMPLETED", "GET", "Hex")]
    assert not [english for english in gathered if re.match(r"\s*hex-blocks call", english)]


def test_the_words_of_click_are_those_that_it_says() -> None:
    modules = ("core", "decorators", "exceptions", "formatting", "parser", "types")
    written = "".join(Path(str(importlib.import_module(f"click.{name}").__file__)).read_text() for name in modules)
    # Of two ways of saying a thing, each version of click has one.
    of_some_version = {"No such option {name!r}.", "No such option: {name}", "Positional arguments"}
    of_some_version |= {"(Did you mean one of: {possibilities}?)"}

    said = [form for words in CLICK_WORDS for form in ([words.one, words] if isinstance(words, Plural) else [words])]
    missing = {words for words in said if words.replace("\n", "\\n").replace("\t", "\\t") not in written}

    assert missing <= of_some_version | {"Error: invalid input", "File", "Directory", "Path"}


def test_every_command_says_what_it_is_and_what_its_options_are() -> None:
    context = click.Context(cli)
    commands = [cli.get_command(context, name) for name in cli.list_commands(context)]

    silent = [
        f"{command.name} {option.opts[0]}"
        for command in commands
        if command
        for option in command.params
        if isinstance(option, click.Option) and not option.help and not option.hidden
    ]

    assert silent == []
    assert all(command and command.help for command in commands)


def test_help_texts_are_paragraphs_without_command_lines() -> None:
    gathered = [english for english, _ in help_texts(cli, "hex-blocks")]

    assert "Examples:" in gathered
    assert not [english for english in gathered if "\n" in english or "\b" in english]


def test_a_text_that_speaks_of_a_number_is_one_entry_with_both_forms(source: Source) -> None:
    entries = [message.id for message in template(source) if isinstance(message.id, tuple)]

    assert entries == [
        ("{count} cat", "{count} cats"),
        ("{hours} hour", "{hours} hours"),
        ("{count} paw", "{count} paws"),
    ]


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        (("{count} Katze", "{count} Katzen"), set()),
        (("{count} Katze", ""), {"missing"}),
        (("Eine Katze", "{count} Katzen"), {"places"}),
        (("{count} Katze", "{count} cats"), {"copy"}),
        (("{count} Katze", "{count} Katzen."), {"ending"}),
    ],
)
def test_every_form_is_checked(source: Source, said: tuple[str, str], kinds: set[str]) -> None:
    refresh(source, ["de"])
    file = source.locales / "de.po"
    entry = 'msgid "{count} cat"\nmsgid_plural "{count} cats"\nmsgstr[0] "%s"\nmsgstr[1] "%s"'
    whole = file.read_text()
    assert entry % ("", "") in whole
    file.write_text(whole.replace(entry % ("", ""), entry % said))

    problems = report(source).languages["de"].problems

    assert {problem.kind for problem in problems if problem.english.startswith("{count} cat")} == kinds
    # What is not whole is not compiled: English is better than half of it.
    assert (said[0].encode() in compile_catalogues(source.locales)[0].read_bytes()) == ("" not in said)


def test_a_catalogue_is_kept_with_what_is_translated(source: Source, translate: Callable[..., None]) -> None:
    translate("de", {"Count the cats": "Katzen zählen", "Feed them well.": "Füttern Sie sie gut."})
    (source.root / "tool_specs/cats_count_cats.json").write_text(json.dumps(SPEC | {"title": "Count all the cats"}))

    refresh(source)

    catalogue = read_po(io.BytesIO((source.locales / "de.po").read_bytes()), locale="de")
    kept = {message.id: message.string for message in catalogue if message.id}
    assert kept["Feed them well."] == "Füttern Sie sie gut."
    # No guess takes the place of what nobody has translated, and nothing old stays.
    assert kept["Count all the cats"] == ""
    assert "Count the cats" not in kept
    assert not catalogue.obsolete


def test_a_catalogue_keeps_its_formula_of_plurals(source: Source) -> None:
    refresh(source, ["fr"])
    file = source.locales / "fr.po"
    formula = "nplurals=2; plural=(n > 7);"
    file.write_text(re.sub(r"nplurals=[^\\]*", formula, file.read_text()))

    refresh(source)
    (compiled,) = compile_catalogues(source.locales)

    # Whatever this version of Babel knows of French.
    assert formula in file.read_text()
    assert formula.encode() in compiled.read_bytes()


def test_a_catalogue_changes_only_when_texts_do(source: Source) -> None:
    refresh(source, LANGUAGES)

    assert refresh(source, LANGUAGES) == []
    (source.root / "hex_blocks/speaking.py").write_text("# Moved down a line\n" + MODULE)
    assert refresh(source) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_names_its_language(source: Source, language: str) -> None:
    refresh(source, [language])

    head = (source.locales / f"{language}.po").read_text().split("#:")[0]
    assert f'"Language: {language}\\n"' in head
    assert "nplurals=" in head
    assert "Date" not in head


def test_our_catalogues_are_those_of_the_nine_languages() -> None:
    assert sorted(file.stem for file in OURS.locales.glob("*.po")) == sorted(LANGUAGES)


def test_what_is_compiled_is_what_users_see(source: Source, translate: Callable[..., None]) -> None:
    translate("de", {"Count the cats": "Katzen zählen", "Feed them well.": "Füttern Sie sie gut."})

    (compiled,) = compile_catalogues(source.locales)

    assert "Katzen zählen".encode() in compiled.read_bytes()
    # Guides are read when pages are made, and at no other time.
    assert b"Feed them well." not in compiled.read_bytes()


def test_the_check_tells_what_is_missing_and_how_much_is_there(source: Source, translate: Callable[..., None]) -> None:
    translate("de", {"Count the cats": "Katzen zählen"})

    made = report(source)

    assert made.template_is_current
    assert made.languages["de"].translated == 1
    assert made.languages["de"].texts == len([message for message in template(source) if message.id])
    assert {problem.kind for problem in made.languages["de"].problems} == {"missing"}
    assert not made.is_good


def test_a_changed_english_sentence_is_named(source: Source, translate: Callable[..., None]) -> None:
    translate("de", {"Count the cats": "Katzen zählen"})
    (source.root / "tool_specs/cats_count_cats.json").write_text(json.dumps(SPEC | {"title": "Count all the cats"}))

    made = report(source)

    found = {(problem.kind, problem.english) for problem in made.languages["de"].problems}
    assert not made.template_is_current
    assert ("missing", "Count all the cats") in found
    assert ("obsolete", "Count the cats") in found


def test_a_guess_counts_as_no_translation(source: Source, translate: Callable[..., None]) -> None:
    translate("de", {"Count the cats": "Katzen zählen"}, flags="#, fuzzy\n")

    made = report(source).languages["de"]

    assert made.translated == 0
    assert ("fuzzy", "Count the cats") in {(problem.kind, problem.english) for problem in made.problems}


@pytest.mark.parametrize(
    "broken", ['msgid "One"\nmsgstr "Eins\n', 'msgid "One"\nmsgstr "Er "heißt" eins"\n', "nonsense\n"]
)
def test_a_broken_file_is_reported(source: Source, broken: str) -> None:
    refresh(source, ["de"])
    (source.locales / "de.po").write_text(broken)

    assert "unreadable" in {problem.kind for problem in report(source).languages["de"].problems}


def test_words_that_are_rightly_the_same_are_listed(source: Source, translate: Callable[..., None]) -> None:
    translate("de", {"Title": "Title", "Cats": "Cats"})
    (source.locales / "de.same.txt").write_text("# Same in German\nTitle\nNo such text\n")

    found = {(problem.kind, problem.english) for problem in report(source).languages["de"].problems}

    assert ("copy", "Cats") in found
    assert ("copy", "Title") not in found
    assert ("needless", "No such text") in found


@pytest.mark.parametrize("again", ['msgid "Stop it"', 'msgid ""\n"Stop "\n"it"'])
def test_an_entry_that_stands_twice_is_found(source: Source, again: str) -> None:
    refresh(source, ["de"])
    file = source.locales / "de.po"
    file.write_text(
        file.read_text(encoding="utf-8")
        + f"""
msgid "Stop it"
msgstr "Anhalten"

{again}
msgstr "Stopp"

msgctxt "elsewhere"
msgid "Go on"
msgstr "Weiter"

msgid "Go on"
msgstr "Los"

#~ msgid "Gone"
#~ msgstr "Weg"
#~ msgid "Gone"
#~ msgstr "Fort"
""",
        encoding="utf-8",
    )

    problems = report(source).languages["de"].problems

    assert [problem.english for problem in problems if problem.kind == "twice"] == ["Stop it"]


# Controls of direction, a byte order mark, a blank without width, what stands for lost text, and controls.
UNSEEN = (
    "\u202e",
    "\u202a",
    "\u2066",
    "\u2069",
    "\u200e",
    "\u061c",
    "\ufeff",
    "\u200b",
    "\ufffd",
    "\x00",
    "\x1b",
    "\x9f",
)


@pytest.mark.parametrize(
    ("language", "english", "said"),
    [
        ("de", "Try again in {seconds} seconds.", "Versuchen Sie es in {seconds} Sekunden erneut."),
        ("de", "Hex allows 1,800 an hour.", "Hex lässt 1.800 pro Stunde zu."),
        ("fr", "Options", "Options "[:7] + " "[:0] + "x"),
        ("ja", "Not found in Hex: {reason}", "Hex には何もありません：{reason}"),
        ("ja", "Give only one of {input}.", "{input} は 1 つだけ指定してください。"),
        ("ko", "Run a Hex project.", "Hex 프로젝트를 실행합니다."),
        ("ko", "Ask Hex's agent", "Hex의 에이전트에게 질문"),
        ("zh_Hans", "State: PENDING or RUNNING.", "状态：PENDING 或 RUNNING。"),
        ("zh_Hant", "Find a project in the workspace.", "在工作區中尋找專案。"),
        ("zh_Hant", "At least one item", "至少一個項目"),
        ("es", "What happened?", "¿Qué ha pasado?"),
        ("de", "See [the errors](errors.md) and `hex_ask`.", "Siehe [die Fehler](errors.md) und `hex_ask`."),
        ("de", "Runs & threads; <b>all</b> &lt;", "Läufe & Threads; <b>alle</b> &lt;"),
        ("fr", "Stop: 1,000!", "Arrêter\u00a0: 1\u202f000\u00a0!"),
        ("de", "Well done 👩\u200d💻", "Gut gemacht 👩\u200d💻"),
    ],
)
def test_a_good_translation_passes(language: str, english: str, said: str) -> None:
    names = frozenset({"PENDING", "RUNNING"})

    assert list(problems_of(english, said, language, names=names)) == []


@pytest.mark.parametrize(
    ("kind", "language", "english", "said"),
    [
        ("places", "de", "Try in {seconds} seconds.", "In {sekunden} Sekunden."),
        ("places", "de", "{count} runs", "Läufe"),
        ("places", "fr", "Use {{extract.runId}} here.", "Utilisez {{extrait.runId}} ici."),
        ("code", "de", "Use `call.ask` here.", "Nutzen Sie `call.fragen` hier."),
        ("markup", "de", "A <b>run</b>", "Ein Lauf"),
        ("markup", "de", "**Run** it", "Führen Sie es aus"),
        ("links", "de", "See [this](a.md)", "Siehe [dies](b.md)"),
        ("names", "fr", "The method PUT", "La méthode EFFACER"),
        ("names", "de", "Ask with hex_get_thread", "Fragen Sie mit hex_hole_faden"),
        ("names", "de", "Give inputParams", "Geben Sie eingabeParameter an"),
        ("names", "de", "It is PENDING", "Er ist WARTEND"),
        ("names", "de", "Hex refused", "Sechseck hat abgelehnt"),
        ("names", "de", "Set HEX_API_TOKEN", "Setzen Sie HEX_API_MARKE"),
        ("names", "de", "With --json", "Mit --jason"),
        ("names", "de", "Open https://app.hex.tech today", "Öffnen Sie https://app.hex.de heute"),
        ("numbers", "de", "At most 60 requests", "Höchstens 80 Anfragen"),
        ("blanks", "de", "Run ", "Lauf"),
        ("lines", "de", "One\\ntwo".replace("\\n", "\n"), "Eins zwei"),
        ("ending", "de", "Stop it.", "Anhalten"),
        ("ending", "de", "Stop it", "Anhalten."),
        ("ending", "ja", "Stop it.", "停止します"),
        *(("characters", "de", "Stop it now", f"Jetzt {unseen}anhalten") for unseen in UNSEEN),
        *(
            ("entities", "de", "Stop it and go", f"Anhalten {each} los")
            for each in ("&amp;", "&#38;", "&#x26;", "&nbsp;")
        ),
        ("entities", "de", "Stop &amp; go", "Anhalten und los"),
        ("copy", "de", "Stop it", "Stop it"),
        ("script", "de", "Stop it", "停止"),
        ("script", "ko", "Stop it", "Stopp es"),
        ("script", "ko", "Stop it", "停止"),
        ("script", "ja", "Stop it", "Stop"),
        ("script", "zh_Hans", "Stop it", "やめる"),
        ("script", "zh_Hans", "Project details", "專案資訊"),
        ("script", "zh_Hant", "Project details", "项目详情"),
        ("script", "zh_Hant", "Stop it", "停止する"),
        ("marks", "ja", "Not found in Hex: {reason}", "Hex には何もありません: {reason}"),
        ("marks", "zh_Hans", "Stop it, then go on", "停止, 然后继续"),
        ("marks", "zh_Hant", "Stop it.", "停止."),
        ("places", "de", "running __seconds__ s", "läuft __sekunden__ s"),
        ("terms", "zh_Hant", "Find a project", "尋找項目"),
        ("terms", "zh_Hant", "Default: 500.", "默認值：500。"),
        ("terms", "zh_Hant", "Data connection", "數據連線"),
        ("terms", "zh_Hant", "The user's name", "用戶名稱"),
        ("terms", "zh_Hant", "More about it", "更多信息"),
        ("script", "ja", "Wait for the end of the run", "実行 wait for the end of"),
        ("script", "de", "Wait for the end of the run", "Warten for the end of the run"),
    ],
)
def test_a_bad_translation_is_found(kind: str, language: str, english: str, said: str) -> None:
    found = [problem.kind for problem in problems_of(english, said, language, names=frozenset({"PENDING"}))]

    assert kind in found


def test_help_is_in_the_language_of_the_environment(german: Path) -> None:
    said = said_by("--help", LANGUAGE="de")

    assert said.startswith("Aufruf: hex-blocks [OPTIONS]")
    assert "Optionen:" in said
    assert "Befehle:" in said
    assert re.search(r"^ +call +Ein Werkzeug ausführen\.$", said, re.MULTILINE)


@pytest.mark.parametrize("arguments", [("--language", "de", "--help"), ("--help", "--language", "de_AT")])
def test_help_is_in_the_language_that_is_asked_for(german: Path, arguments: tuple[str, ...]) -> None:
    said = " ".join(said_by("call", *arguments, LANGUAGE="fr").split())

    assert "Das Ergebnis erscheint als JSON auf stdout" in said
    assert "Keinen Fortschritt anzeigen." in said
    assert "Beispiele:" in said
    # Command lines, and what nobody has translated, stay as they are.
    assert "hex-blocks call run_project --input @inputs.json" in said
    assert "Do not ask before something is deleted." in said


def test_help_without_a_language_is_english(german: Path) -> None:
    assert said_by("call", "--help").startswith("Usage: hex-blocks call [OPTIONS] TOOL")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("call", "--language", "de"), "Fehler: Fehlendes Argument"),
        (("tools", "--nonsense", "--language", "de"), "Die Option '?--nonsense'? gibt es nicht"),
        (("tools", "--group", "nonsense", "--language", "de"), "Eine Gruppe nonsense gibt es nicht"),
        (("tools", "--language=de-CH", "--group", "nonsense"), "Eine Gruppe nonsense gibt es nicht"),
    ],
)
def test_errors_of_the_command_line_are_in_the_language(german: Path, arguments: tuple[str, ...], said: str) -> None:
    assert re.search(said, said_by(*arguments))


def test_the_language_may_stand_before_the_command(german: Path) -> None:
    assert said_by("--language", "de", "call", "--help").startswith("Aufruf:")
    assert said_by("--language", "de", "--help").startswith("Aufruf:")
    assert "There is no xx" in said_by("--language", "xx", "tools")


def test_titles_are_in_the_language(german: Path) -> None:
    listed = json.loads(said_by("tools", "--language", "de", "--json"))

    assert {"id": "hex_cancel_run", "title": "Einen Lauf abbrechen"}.items() <= next(
        tool for tool in listed if tool["id"] == "hex_cancel_run"
    ).items()


def test_the_texts_of_help_are_gathered_in_english_whatever_is_spoken(german: Path) -> None:
    @click.command()
    def plain() -> None:
        """Do it."""

    said_by("--language", "de", "--help")

    assert list(help_texts(plain, "plain")) == [("Do it.", "plain"), ("Show this message and exit.", "plain --help")]


def test_text_is_wrapped_by_the_room_it_takes() -> None:
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("実行が終わるまで待ちます。", 10) == ["実行が終わ", "るまで待ち", "ます。"]
    assert wrapped("Hex 프로젝트 실행", 10) == ["Hex", "프로젝트", "실행"]
    assert wrapped("", 10) == [""]
    assert wrapped("時為 null。", 9) == ["時為", "null。"]
    assert wrapped("指定（例 null）。", 14) == ["指定（例", "null）。"]


def test_the_command_writes_checks_and_compiles(here: RunCommand, source: Source) -> None:
    package = str(source.root)

    written = here("strings", "--package", package, "--language", "de")
    checked = here("strings", "--package", package, "--check", "--json")

    assert written.returncode == 0, written.stderr
    assert (source.locales / "de.mo").is_file()
    document = json.loads(checked.stdout)
    assert checked.returncode == 1
    assert document["template"] == "current"
    assert document["languages"]["de"]["coverage"] == 0.0
    assert document["languages"]["de"]["problems"][0].keys() == {"problem", "text", "detail"}


@pytest.mark.parametrize(
    ("file", "content", "check"),
    [
        ("tool_specs/hex_broken.json", b"{", True),
        ("tool_specs/hex_broken.json", b"\xff", False),
        ("locales/de.po", b"garbage", False),
        ("locales/de.po", b'msgid "\xff"', True),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    here: RunCommand, source: Source, file: str, content: bytes, check: bool
) -> None:
    (source.root / file).parent.mkdir(exist_ok=True)
    (source.root / file).write_bytes(content)

    done = here("strings", "--package", str(source.root), *(["--check"] if check else []))

    assert done.returncode == 1
    assert f"{file} cannot be read: " in done.stderr


@pytest.mark.parametrize("language", ["", "x/y", "../../evil", "Deutsch"])
def test_what_is_not_a_language_is_refused(here: RunCommand, source: Source, language: str) -> None:
    done = here("strings", "--package", str(source.root), "--language", language)

    assert done.returncode == 2
    assert "Invalid value for '--language'" in done.stderr


def test_a_language_without_a_catalogue_is_not_checked(here: RunCommand, source: Source) -> None:
    assert here("strings", "--package", str(source.root), "--check", "--language", "xx").returncode == 2


def test_the_check_says_that_it_did_not_look_at_texts_without_babel() -> None:
    script = (
        "import sys; sys.modules['babel'] = None; sys.argv[1:] = ['check']; from hex_blocks.cli import main; main()"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, f"{len(our_tools())} tools, 0 problems\n")
    assert 'Texts and pages were not checked. This needs Babel: pip install "hex-blocks[strings]"' in done.stderr


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("term", ["run (noun)", "project", "token", "cancel", "stop", "trigger", "host", "schema"])
def test_every_glossary_has_the_terms_that_texts_are_about(language: str, term: str) -> None:
    glossary = (OURS.locales / f"glossary.{language}.md").read_text(encoding="utf-8")
    terms = [line.split("|")[1] for line in glossary.splitlines() if line.startswith("| ")]

    assert any(re.search(rf"\b{re.escape(term)}", each) for each in terms)


def test_what_is_translated_in_every_entry_is_whole(source: Source) -> None:
    refresh(source, ["de"])
    file = source.locales / "de.po"
    catalogue = read_catalogue(file)
    for message in catalogue:
        if isinstance(message.id, tuple):
            message.string = ("{count} x", "{count} xx") if "{count}" in message.id[0] else ("{hours} x", "{hours} xx")
        elif message.id:
            message.string = re.sub(r"\b(the|of|is|a|in)\b", "x", f"x {message.id}")
    file.write_bytes(written(catalogue))

    made = report(source)

    assert (made.languages["de"].coverage, made.languages["de"].problems) == (100.0, [])
    assert made.is_good
