from __future__ import annotations

from pathlib import Path

import pytest
from ghostwatt_pi.cli import main
from ghostwatt_pi.commands.context import EXIT_CODE_MEANINGS
from ghostwatt_pi.commands.parser import build_parser
from ghostwatt_pi.settings.config import KEYS, flag

from .processes import Started


@pytest.mark.parametrize(
    "arguments",
    [["run", "--baud", "x"], ["status", "--api", "ftp://x"], ["switch", "33", "on"], ["switch", "one", "on"],
     ["replay", "a.csv", "--channel", "0"], ["doctor", "--switch", "99"], ["simulate", "--transport", "pigeon"]],
)  # fmt: skip
def test_a_wrong_flag_is_a_wrong_command_line(tmp_path: Path, arguments: list[str]) -> None:
    try:
        code = main([*arguments, "--data", str(tmp_path)])
    except SystemExit as ended:
        code = int(str(ended.code))
    assert code == 2


def test_a_wrong_setting_that_is_no_flag_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('baud = "x"')
    assert main(["run", "--data", str(tmp_path)]) == 1


@pytest.mark.parametrize("command", ["run", "claim", "replay", "doctor", "setup", "switch", "backlog", "status"])
def test_the_usage_of_a_command_is_one_line_and_lists_no_setting(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: ghostwatt-pi {command}")
    assert shown.splitlines()[1] == ""
    assert "--gpio-pins" not in shown
    assert "ghostwatt-pi settings" in shown


def test_every_setting_is_listed_once_with_its_choices(pi: Started) -> None:
    code, out = pi.ask("settings", "--transport", "mqtt")
    assert code == 0
    lines = out.splitlines()
    for key in KEYS:
        assert sum(line.split()[:1] == [flag(key)] for line in lines) == 1, key
    assert "--transport {http,mqtt}  now: mqtt" in lines
    assert "--relay-after-power-loss {keep,on,off}" in lines


def test_exit_codes_are_in_the_help_and_the_readme() -> None:
    readme = Path(__file__).parents[2].joinpath("device/README.md").read_text()
    for code, meaning in EXIT_CODE_MEANINGS.items():
        assert f"{code} {meaning}" in str(build_parser().epilog)
        assert f"| {code} | {meaning} |" in readme
