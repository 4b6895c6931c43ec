"""Settings: flags override TOML, which overrides the defaults; whatever is invalid gives one clear line."""

import re
from pathlib import Path

import pytest

from jobs.cli import main
from jobs.console.registry import COMMANDS
from jobs.settings.flags import execution_settings, help_of, identity_settings
from jobs.settings.settings import SETTINGS, Settings, names_of
from jobs.steps.extraction_plan import extract_options
from udfs.errors import UsageError
from udfs.extraction.options import ExtractOptions
from udfs.storage.conf_files import profiles

ROOT = Path(__file__).resolve().parents[3]


def resolved(name: str, *flags: str) -> Settings:
    command = COMMANDS[name]
    return command.resolve(command.parse(["x.warc", *flags]))


def identity(name: str, settings: Settings) -> dict:
    return identity_settings(COMMANDS[name].settings, settings)


def execution(name: str, settings: Settings) -> dict:
    return execution_settings(COMMANDS[name].settings, settings)


def toml(tmp_path, text: str) -> str:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_defaults():
    settings = resolved("curate", "--out", "x")
    assert (settings.threshold.chosen_by, settings.threshold.tail_share) == ("tail_share", 0.06)
    assert settings.captions.languages == (), "a folder of lists decides otherwise"
    assert (settings.dedup.dedup, settings.draws.seed, settings.reading.commit_every) == ("url-caption", 0, 120)
    assert settings.captions.kept_languages() == {"en"}
    options = extract_options(settings.captions, settings.parsing, settings.reading)
    assert options == ExtractOptions(languages=frozenset({"en"})), "the paper's rows"


def test_settings_made_in_python_have_the_same_defaults():
    """Including the default that depends on other settings."""
    assert Settings.of(out="x") == resolved("curate", "--out", "x")
    assert Settings.of(t=(5,)).threshold.tail_share is None
    with pytest.raises(TypeError, match=r"no such setting: tale_share; did you mean tail_share\?"):
        Settings.of(tale_share=0.1)


def test_flags_override_toml_and_toml_overrides_defaults(tmp_path):
    config = toml(tmp_path, 'out = "from-toml"\nseed = 5\nlanguages = ["de", "en"]\nspark_conf = ["a.b=c"]\n')
    settings = resolved("curate", "--config", config, "--seed", "6")
    assert (settings.output.out, settings.draws.seed, settings.captions.languages) == ("from-toml", 6, ("de", "en"))
    assert settings.execution.spark_conf == ("a.b=c",)


@pytest.mark.parametrize("flag", [["--t", "9"], ["--preset", "2.5b"], ["--tail-share", "0.5"]])
def test_a_threshold_flag_replaces_the_threshold_of_the_toml(tmp_path, flag):
    config = toml(tmp_path, 'preset = "400m"\n')
    settings = resolved("curate", "--out", "x", "--config", config, *flag)
    assert settings.threshold.chosen_by == flag[0].strip("-").replace("-", "_")


def test_opt_outs_and_block_lists(tmp_path):
    config = toml(tmp_path, 'opt_outs = ["NoIndex", "noai"]\nblock_domains = ["a.txt", "b"]\n')
    settings = resolved("curate", "--out", "x", "--config", config)
    assert (settings.parsing.opt_outs, settings.blocking.block_domains) == (("noai", "noindex"), ("a.txt", "b"))
    assert identity("curate", settings)["opt_outs"] == ["noai", "noindex"]
    assert not {"block_domains", "block_urls"} & {*identity("curate", settings), *execution("curate", settings)}
    settings = resolved("curate", "--out", "x", "--config", config, "--opt-outs", "none")
    assert settings.parsing.opt_outs == ()
    assert resolved("extract", "--out", "x").parsing.opt_outs == ("noai", "noimageai", "tdm")


def test_secrets_are_not_recorded():
    flags = ["--spark-conf", "spark.hadoop.fs.s3a.secret.key=abc", "--spark-conf", "spark.executor.memory=1g"]
    settings = resolved("curate", "--out", "x", "--input-root", "https://me:abc@host/r?sig=abc", *flags)
    assert execution("curate", settings)["spark_conf"] == [
        "spark.hadoop.fs.s3a.secret.key=(not recorded)",
        "spark.executor.memory=1g",
    ]
    assert identity("curate", settings)["input_root"] == "https://host/r"
    assert "abc" not in str(execution("curate", settings))


def test_settings_that_identify_a_run_leave_out_execution_and_paths():
    settings = resolved("curate", "--out", "x", "--master", "local[3]", "--t", "4")
    assert "master" not in identity("curate", settings)
    assert "out" not in identity("curate", settings)
    assert identity("curate", settings)["t"] == [4]
    assert execution("curate", settings)["master"] == "local[3]"


def test_a_packaged_profile_is_found_by_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert profiles() == sorted(path.stem for path in (ROOT / "conf").glob("*.toml"))
    for name in profiles():
        by_path = resolved("curate", "--out", "x", "--config", str(ROOT / f"conf/{name}.toml"))
        assert resolved("curate", "--out", "x", "--config", name) == by_path
    (tmp_path / "paper-400m").write_text("seed = 5")
    assert resolved("curate", "--out", "x", "--config", "paper-400m").threshold.preset == "400m"
    assert resolved("curate", "--out", "x", "--config", "./paper-400m").draws.seed == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sead = 1", "unknown key 'sead'; did you mean seed?"),
        ("tail-shares = 1", "unknown key 'tail-shares'; did you mean tail_share?"),
        ("spam_level = 1", "unknown key 'spam_level'; curate takes: out, overwrite"),
        ('preset = "400M"', "preset: '400M' is not one of 400m, 2.5b; did you mean 400m?"),
        ('seed = "x"', "seed: 'x' is not a whole number"),
        ("seed = true", "seed: must be text or a number, not True"),
        ("t = 0", "t: must be at least 1"),
        ("tail_share = 2", "tail_share: must be between 0 and 1"),
        ('dedup = "all"', "dedup: 'all' is not one of url-caption, url, none"),
        ("overwrite = 1", "overwrite: must be true or false"),
        ('spark_conf = "a=b"', "spark_conf: must be a list"),
        ('languages = ["english"]', "languages: 'english' is not a known language"),
        ('languages = "all,en"', "languages: 'all' is not a known language"),
        ("max_page_bytes = 9223372036854775807", "max_page_bytes: must be at most 2,147,483,648"),
        ('metadata = ""', "metadata: is empty"),
        ('out = "a\\u0000b"', "out: contains a NUL character"),
        ("t = 5\npreset = '400m'", "only one of t, preset, t_by_list, target_size, tail_share"),
        ("[spark]\na = 1", "unknown table 'spark'"),
        ("seed = ", "not TOML"),
    ],
)
def test_an_invalid_toml_gives_the_reason(tmp_path, text, message):
    config = toml(tmp_path, text)
    with pytest.raises(UsageError) as error:
        resolved("curate", "--out", "x", "--config", config)
    assert message in str(error.value)
    assert config in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["match", "--out", "o"], "the following arguments are required: PAIRS"),
        (["curate", "--out", "o"], "nothing to read: name INPUTs, or a crawl by --crawl ID"),
        (["curate", "x.warc"], "--out DIR is missing"),
        (["curate", "x.warc", "--out", "o", "--t", "0"], "argument --t: must be at least 1"),
        (["curate", "x.warc", "--out", "o", "--t", "1", "--preset", "400m"], "not allowed with argument"),
        (["curate", "x.warc", "--out", "o", "--seed", "9" * 30], "must fit in 64 bits"),
        (["curate", "x.warc", "--out", "o", "--spark-conf", "a"], "is not KEY=VALUE"),
        (["curate", "x.warc", "--out", ""], "argument --out: is empty"),
        (["curate", "x.warc", "--out", "o", "--master", "local[0]"], "'local[0]' is not one of local[N]"),
        (["curate", "", "--out", "o"], "argument INPUT: is empty"),
        (["curate", "x.warc", "--out", "o", "--lang", "en"], "unrecognized arguments: --lang en"),
        (
            ["curate", "x.warc", "--out", "o", "--languages", "eng"],
            "'eng' is not a known language: use en, de",
        ),
        (
            ["curate", "x.warc", "--out", "o", "--opt-outs", "noai,nofollow"],
            "'nofollow' is not one of noai, noimageai, tdm,",
        ),
        (["curate", "x.warc", "--out", "o", "--opt-outs", "none,tdm"], "'none' is not one of noai, noimageai, tdm,"),
        (["curate", "x.warc", "--out", "o", "--opt-outs", ""], "'' is not one of noai, noimageai, tdm,"),
        (["balance", "/no/pool", "--out", "o", "--opt-outs", "none"], "unrecognized arguments: --opt-outs none"),
        (["curate", "x.warc", "--out", "o", "--nosuch"], "unrecognized arguments: --nosuch"),
        (["nosuch"], "ballast: unknown command 'nosuch' (--help shows all commands)"),
        (["curat"], "ballast: unknown command 'curat'; did you mean curate? (--help shows all commands)"),
        (["metadata-show"], "unknown command 'metadata-show'; did you mean metadata show? "),
        (["metdata"], "unknown command 'metdata'; did you mean metadata? "),
        (["metadata", "shw"], "ballast metadata: unknown command 'shw'; did you mean show? "),
        (["metadata"], "the following arguments are required: COMMAND"),
        (
            ["curate", "x.warc", "--out", "o", "--metdata", "m"],
            "ballast curate: unrecognized arguments: --metdata m; did you mean --metadata? (--help shows all flags)",
        ),
        (["curate", "x.warc", "--nosuch", "--tail_shar=1"], "--nosuch --tail_shar=1; did you mean --tail-share? ("),
        (["curate", "x.warc", "-out", "o"], "unrecognized arguments: -out o; did you mean --out? ("),
        (["curate", "x.warc", "--preset", "400n"], "'400n' is not one of 400m, 2.5b; did you mean 400m? ("),
        (["curate", "x.warc", "--preset", "big"], "'big' is not one of 400m, 2.5b (--help"),
        (["curate", "x.warc", "--text-keys", "alt,titel"], "aria-label; did you mean title? ("),
        (["curate", "x.warc", "--opt-outs", "noia"], "or 'none' alone; did you mean noai? ("),
        (["curate", "/no/such.warc", "--out", "o"], "/no/such.warc: no such file or folder"),
        (["curate", "x.warc", "--out", "o", "--config", "/no.toml"], "--config /no.toml: No such file"),
        (
            ["curate", "x.warc", "--out", "o", "--config", "paper-4oom"],
            "--config paper-4oom: no such file, and no such profile: use paper-2.5b or paper-400m",
        ),
        (["curate", "x.warc", "--out", "o", "--metadata", "/no.json"], "/no.json"),
        (["extract", "x.warc", "--out", "o", "--block-words", "/no/words"], "/no/words: no such file"),
        (
            ["curate", "x.warc", "--out", "o", "--min-caption-words", "3", "--max-caption-words", "2"],
            "--min-caption-words 3 is above --max-caption-words 2",
        ),
        (["curate", "x.warc", "--out", "o", "--max-caption-characters", "65537"], "must be at most 65,536"),
        (["curate", "x.warc", "--out", "o", "--language-score", "1.1"], "must be between 0 and 1"),
        (["curate", "https://host/", "--out", "o"], "web servers do not list folders"),
        (["curate", "s3:///x.warc.gz", "--out", "o"], "has no valid bucket"),
        (
            ["curate", "--crawl", "2024-10", "--out", "o"],
            "'2024-10' is not the name of a crawl, such as CC-",
        ),
        (["dedup", "https://host/o?sig=abc", "--out", "o"], "https://host/o: is on a web server, which has no folders"),
        (["dedup", "/no/such", "--out", "o"], "/no/such: no such folder"),
    ],
)
def test_an_invalid_command_line_gives_the_reason(spark, capsys, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    try:
        status = main(arguments)
    except SystemExit as stopped:
        status = stopped.code
    assert status == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("flag", "text", "message"),
    [
        ("--t", "20,000", "'20,000' is a list of 2 numbers: did you mean 20000?"),
        ("--t", "2,500,000", "'2,500,000' is a list of 3 numbers: did you mean 2500000?"),
        ("--t", "20,000,170,000", "did you mean 20000170000?"),
        ("--t", "5,20,000.5", "'000.5' is not a whole number"),
        ("--t", "5,7,040x", "'040x' is not a whole number"),
        ("--t", "1000,2000,030", "'1000,2000,030' is a list of 3 numbers: write each without separators of thousands"),
        ("--t", "20 000", "'20 000' is not a whole number: did you mean 20000?"),
        ("--t", "20\u202f000", "did you mean 20000?"),
        ("--t", "20'000", "did you mean 20000?"),
        ("--t", "20.000", "did you mean 20000?"),
        ("--t", "2e4", "did you mean 20000?"),
        ("--t", "20K", "did you mean 20000?"),
        ("--t", "1.5", "'1.5' is not a whole number\n"),
        ("--t", "1e999999999", "'1e999999999' is not a whole number\n"),
        ("--target-size", "400,000,000", "did you mean 400000000?"),
        ("--target-size", "400 M", "did you mean 400000000?"),
        ("--target-size", "4e8", "did you mean 400000000?"),
        ("--tail-share", "0,06", "'0,06' is not a number: did you mean 0.06?"),
        ("--tail-share", "6%", "'6%' is not a number: did you mean 0.06?"),
        ("--tail-share", "six", "'six' is not a number\n"),
        ("--seed", "1,000", "'1,000' is not a whole number: did you mean 1000?"),
        ("--max-file-seconds", "1,800", "'1,800' is not a number: did you mean 1800?"),
        ("--sample", "1,000", "did you mean 1000?"),
    ],
)
def test_another_spelling_of_a_number_is_asked_about(capsys, flag, text, message):
    with pytest.raises(SystemExit) as stopped:
        main(["curate", "x.warc", "--out", "o", flag, text])
    assert stopped.value.code == 2
    error = capsys.readouterr().err.replace(" (--help shows all flags)", "")
    assert message in error


def test_numbers_in_the_spellings_that_are_taken():
    flags = ["--t", " 20_000,5,100", "--seed=-1_0", "--sample", "7 "]
    settings = resolved("curate", "--out", "x", *flags)
    assert settings.threshold.t == (5, 100, 20_000)
    assert (settings.draws.seed, settings.inputs.sample) == (-10, 7)
    assert resolved("curate", "--out", "x", "--target-size", "400_000,2.5M").threshold.target_size == (
        400_000,
        2_500_000,
    )


def test_a_tilde_is_the_home_folder_in_every_path(tmp_path, monkeypatch):
    """A shell expands it neither in quotation marks, nor after `--out=`, nor in a TOML file."""
    monkeypatch.setenv("HOME", str(tmp_path))
    named = [item.flag.kind.parse("~/x") for item in SETTINGS.values() if item.flag.names_path]
    assert named == [str(tmp_path / "x")] * len(named)
    written = resolved("curate", "--config", toml(tmp_path, 'out = "~/run"\nblock_urls = ["~/a", "./~b"]'))
    assert written.output.out == str(tmp_path / "run")
    assert written.blocking.block_urls == (str(tmp_path / "a"), "./~b")


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_a_tilde_is_the_home_folder_in_every_input(command, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    not_paths = {"caption", "image", "name", "shell", "text"}
    positionals = [each for each in command.parser()._actions if not each.option_strings and each.dest not in not_paths]
    paths = [each for each in command.parser()._actions if each.metavar in ("PATH", "POOL", "DIR", "FILE.json")]
    on_the_cluster = {"input"}
    for action in positionals + paths:
        assert action.dest in on_the_cluster or str(action.type("~/x")) == str(tmp_path / "x"), action.dest


@pytest.mark.parametrize("text", ["~no-such-user", "~no-such-user/x"])
def test_an_unknown_home_folder_is_refused(capsys, text):
    with pytest.raises(SystemExit) as stopped:
        main(["curate", text, "--out", "o"])
    assert stopped.value.code == 2
    assert (
        "no user has the home folder ~no-such-user (a file of that name is ./~no-such-user)" in capsys.readouterr().err
    )


COMMANDS_WITH_SETTINGS = [command for command in COMMANDS.values() if command.settings]


@pytest.mark.parametrize("command", COMMANDS.values(), ids=lambda command: command.name)
def test_help_of_every_command_names_every_setting(capsys, command):
    with pytest.raises(SystemExit) as stopped:
        main([*command.name.split(), "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for name in names_of(command.settings):
        assert SETTINGS[name].option in text
        assert SETTINGS[name].flag.help.split()[0] in text or name == "out"


def test_every_setting_is_taken_by_a_command():
    assert {name for command in COMMANDS.values() for name in names_of(command.settings)} == SETTINGS.keys()


def test_help_begins_with_the_everyday_settings_and_ends_with_the_advanced_ones(capsys):
    with pytest.raises(SystemExit):
        main(["curate", "--help"])
    usage, *sections = re.split(r"^(?=\S.*:$)", capsys.readouterr().out, flags=re.MULTILINE)
    assert usage.startswith("usage: ballast curate [INPUT ...] --out DIR [FLAGS]\n"), "--out is required"
    by_title = {
        section.partition(":\n")[0]: re.findall(r"^  (--[\w-]+)", section, re.MULTILINE) for section in sections
    }
    everyday = ["--out", "--metadata", "--tail-share", "--t", "--target-size", "--preset", "--t-by-list", "--languages"]
    assert by_title["everyday settings"] == everyday
    titles = [title for title in by_title if by_title[title] and title != "options"]
    assert titles[0] == "everyday settings" and titles[-1] == "advanced settings"
    assert {"what to read", "captions", "duplicates"} < set(titles)


def test_help_states_each_default_once():
    for item in SETTINGS.values():
        assert "default" not in item.flag.help
        assert help_of(item).count("(default: ") == (item.default_text is not None)


def test_help_of_ballast_names_every_command(capsys):
    assert main(["sample", "x.warc.gz", "--pages", "0"]) == 2
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"^    {command.name.split()[0]}\s", text, re.MULTILINE) for command in COMMANDS.values())
