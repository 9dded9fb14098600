"""`conformance run`: assess a system against packs."""

from __future__ import annotations

import gc
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click
from attrs import evolve

from conformance.cli import common
from conformance.errors import Language, Text
from conformance.errors.usage import BadOption, Missing

if TYPE_CHECKING:
    from conformance.assess.stored import Stored
    from conformance.judge import Waiver
    from conformance.model.run import Record, Settings
    from conformance.model.standard import Pack
    from conformance.model.system import System
    from conformance.report import Format, Part

FILES: dict[Format, str] = {
    "html": "report.html", "json": "report.json", "junit": "junit.xml", "text": "report.txt", "sarif": "report.sarif",
    "markdown": "summary.md", "github": "annotations.txt", "gitlab": "gl-code-quality-report.json",
    "csv": "findings.csv", "xlsx": "findings.xlsx",
}  # fmt: skip
"""The file that each report format is written to by default, in the folder of the run."""
_PRECEDENCE = (2, 4, 1, 5, 3, 0)


def perform(
    pack: Pack,
    system: System,
    *,
    oracle: System | None,
    settings: Settings,
    folder: Path,
    lang: Language,
    waivers: Sequence[Waiver] = (),
    seconds: float | None = None,
    allow_outside: bool = False,
    stored: Sequence[Stored] = (),
    sealed_seed: str | None = None,
) -> Record:
    """Assess ``system`` against ``pack`` and read back the record that was written to ``folder``.

    The counterexamples ``stored`` are asked first; of those that cannot be asked a note goes to standard error.
    ``sealed_seed`` is the seed behind the commitment that ``settings`` holds.
    """
    from conformance.assess import assess, make_plan
    from conformance.assess.stored import with_stored
    from conformance.cli.counterexamples import tell_stale
    from conformance.cli.progress import progress
    from conformance.evidence import read_record

    plan = make_plan(pack, system, oracle=oracle, settings=settings, allow_outside=allow_outside)
    plan, stale = with_stored(evolve(plan, sealed_seed=sealed_seed), stored)
    tell_stale(stale, lang)
    path = folder / common.RECORD
    gc.freeze()  # packs and programs stay to the end: a collection need not look at them again and again
    try:
        with TemporaryDirectory(prefix="conformance-") as scratch, progress(system.name, lang) as listener:
            os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch)  # or it leaves a folder in that of the user
            assess(plan, record=path, scratch=Path(scratch), listener=listener, waivers=tuple(waivers), seconds=seconds)
    finally:
        gc.unfreeze()  # DuckDB complains at the end of the process of what was never collected
    return read_record(path)


def read_formats(entries: Sequence[str], *, packs: int = 1) -> dict[Format, Path | None]:
    """The reports that ``NAME`` or ``NAME=PATH`` ask for and where each goes, None being the folder of the run.

    Raises `BadOption` (an unknown name, or one path for the reports of several ``packs``) and `Missing`.
    """
    wanted: dict[Format, Path | None] = {}
    for entry in entries:
        called, _, path = entry.partition("=")
        name = next((known for known in FILES if known == called), None)
        if name is None:
            complaint = Text(f"known formats: {', '.join(FILES)}", f"可用格式：{'、'.join(FILES)}")
            raise BadOption(option="--format", value=entry, complaint=complaint)
        if path and packs > 1:
            complaint = Text(
                "each pack has a report of its own, in a folder of its own; leave out the path",
                "每个标准包各有报告，存于各自文件夹；请勿指定路径",
            )
            raise BadOption(option="--format", value=entry, complaint=complaint)
        if name == "xlsx" and find_spec("openpyxl") is None:
            raise Missing(package="openpyxl", extra="xlsx", purpose=Text("findings as a workbook", "以工作簿列出结果"))
        wanted[name] = Path(path) if path else None
    return wanted


def write_reports(record: Record, folder: Path, formats: Mapping[Format, Path | None], lang: Language) -> Path:
    """Write the reports ``formats``, by default to ``folder``, HTML always; returns where the page is."""
    from conformance.report import render_bytes

    wanted = {name: path or folder / FILES[name] for name, path in {"html": None, **formats}.items()}
    for name, target in wanted.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(render_bytes(record, name, lang=lang))
    return wanted["html"]


def show(record: Record, lang: Language, *, page: Path, run: str = "last", verbose: bool = False) -> None:
    """Print the first screen, and with ``verbose`` each requirement."""
    from conformance.report import by_requirement, first_screen

    colour = common.colour()
    width = min(common.columns_wide(), 120)
    click.echo(first_screen(record, lang=lang, width=width, colour=colour, report=str(page), run=run))
    if verbose:
        click.echo("\n" + by_requirement(record, lang=lang, width=width, colour=colour))


def worst_of(parts: Sequence[Part]) -> int:
    """The exit code of several runs."""
    codes = [part.record.footer.exit_code if part.record.footer else 2 for part in parts]
    return min(codes, key=_PRECEDENCE.index)


def show_together(parts: Sequence[Part], lang: Language, folder: Path) -> None:
    """Write the page over the pages of several packs to ``folder``, and print what they found."""
    from conformance.report import together_html, together_screen

    page = folder / FILES["html"]
    page.write_text(together_html(parts, lang=lang), encoding="utf-8")
    width = min(common.columns_wide(), 120)
    click.echo(together_screen(parts, lang=lang, width=width, colour=common.colour(), report=str(page)))


def command(lang: Language) -> click.Command:
    """The command in one language."""

    def t(en: str, zh: str) -> str:
        return Text(en, zh).in_(lang)

    @click.command(
        "run",
        help=t(
            "Assess the system that FILE describes against packs. Exit code 0: no nonconformity found; 1: found; "
            "2: usage or files; 3: inconclusive; 5: nothing was tested.",
            "按标准包评估 FILE 所描述的系统。退出码 0：未发现不符合；1：发现不符合；2：用法或文件有误；"
            "3：无法判定；5：未测试任何内容。",
        ),
    )
    @click.argument("packs", nargs=-1, required=True, metavar="PACK[@VERSION]...")
    @click.option("--system", "system_file", required=True, metavar="FILE", help=t("system file", "系统描述文件"))
    @click.option("--profile", "profiles", multiple=True, metavar="PACK:NAME", help=t("profile", "选用的配置"))
    @click.option("--as-of", metavar="DATE", help=t("what is in force on that day [today, UTC]",
                                                    "按该日生效的规定 [今天，UTC]"))  # fmt: skip
    @click.option("--mode", type=click.Choice(["all", "pr", "nightly"]), default="all", show_default=True,
                  help=t("pr: no adaptive stage, public seed; nightly: fresh seed",
                         "pr：无自适应阶段、公开种子；nightly：新种子"))  # fmt: skip
    @click.option("--cases", type=click.IntRange(0, 10_000_000), metavar="N",
                  help=t("independent cases [what the evidence demands]", "独立用例数 [按证据要求]"))  # fmt: skip
    @click.option("--calls", type=click.IntRange(0, 10_000_000), metavar="N",
                  help=t(f"calls for the adaptive stages [{common.ADAPTIVE_CALLS}]",
                         f"自适应阶段的调用次数 [{common.ADAPTIVE_CALLS}]"))  # fmt: skip
    @click.option("--budget", metavar="DURATION", help=t("wall time for the adaptive stages; not with --mode pr",
                                                         "自适应阶段的时间上限；不可与 --mode pr 同用"))  # fmt: skip
    @click.option("--seed", metavar="TEXT", help=t("seed [public]", "种子 [公开]"))
    @click.option("--seal", "seal_file", type=click.Path(path_type=Path), metavar="FILE",
                  help=t("sealed run: the secret seed in FILE (see `conformance seal`)",
                         "密封运行：使用 FILE 中的秘密种子（见 `conformance seal`）"))  # fmt: skip
    @click.option("--jobs", type=click.IntRange(1, 256), metavar="N", help=t("concurrent calls", "并发调用数"))
    @click.option("--output", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
                  help=t("folder of the run [reports/runs/...]", "运行文件夹 [reports/runs/...]"))  # fmt: skip
    @click.option("--format", "formats", multiple=True, metavar="NAME[=PATH]",
                  help=t("also write: ", "另存为：") + ", ".join(FILES))  # fmt: skip
    @click.option("--counterexamples", "kept", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                  help=t("asked first; all and nightly add what they find [<system file>.counterexamples.json]",
                         "首先重放；all 与 nightly 模式写入新发现 [<系统文件>.counterexamples.json]"))  # fmt: skip
    @click.option("--no-counterexamples", is_flag=True, help=t("neither ask nor write stored counterexamples",
                                                               "不重放也不写入已存反例"))  # fmt: skip
    @click.option("--waivers", type=click.Path(path_type=Path), metavar="FILE", help=t("waivers file", "豁免文件"))
    @click.option("--strict", is_flag=True, help=t("vacuous, unconfirmed and manual ones count too",
                                                   "空约束、未确认与人工条目也计入"))  # fmt: skip
    @click.option("--no-statistics", is_flag=True, help=t("read every row, whatever a Parquet file states of itself",
                                                          "逐行读取，不采信 Parquet 文件自带的统计信息"))  # fmt: skip
    @click.option("--engine", default="duckdb", show_default=True, metavar="duckdb|spark|ADDRESS",
                  help=t("what computes rules on the rows of tables; ADDRESS is spark://... or sc://...",
                         "数据表逐行规则的计算引擎；ADDRESS 为 spark://… 或 sc://…"))  # fmt: skip
    @click.option("--allow-outside", is_flag=True, help=t("paths may leave the system file's folder",
                                                          "允许路径超出系统文件所在文件夹"))  # fmt: skip
    @click.option("-v", "--verbose", is_flag=True, help=t("by requirement", "逐条列出要求"))
    def run(
        packs: tuple[str, ...],
        system_file: str,
        profiles: tuple[str, ...],
        as_of: str | None,
        mode: common.Mode,
        cases: int | None,
        calls: int | None,
        budget: str | None,
        seed: str | None,
        seal_file: Path | None,
        jobs: int | None,
        output: Path | None,
        formats: tuple[str, ...],
        kept: Path | None,
        no_counterexamples: bool,
        waivers: Path | None,
        strict: bool,
        no_statistics: bool,
        engine: str,
        allow_outside: bool,
        verbose: bool,
    ) -> int:
        from conformance.assess.sealed import read_seal
        from conformance.assess.stored import merge
        from conformance.cli import counterexamples
        from conformance.cli.waivers import read_waivers
        from conformance.packs import Registry, read_system
        from conformance.report import Part

        if budget is not None and mode == "pr":
            complaint = Text("no wall clock decides in pr mode", "pr 模式下不以时钟决定结果")
            raise BadOption(option="--budget", value=budget, complaint=complaint)
        if seal_file is not None and (seed is not None or mode != "all"):
            complaint = Text("the seal is the seed, and sealed the mode", "密封种子即为种子，模式即为密封")
            raise BadOption(option="--seal", value=str(seal_file), complaint=complaint)
        seal = None if seal_file is None else read_seal(seal_file)
        seconds = common.seconds_of(budget, "--budget")
        reports = read_formats(formats, packs=len(packs))
        registry = Registry.shipped()
        day = common.day_of(as_of)
        chosen = [common.choose(registry, name, profiles, day) for name in packs]
        waived = read_waivers(waivers) if waivers else ()
        system = read_system(system_file, chosen, others=registry.short_names, allow_outside=allow_outside)
        writes = mode in ("all", "nightly") and not no_counterexamples and seal is None
        stored: tuple[Stored, ...] = ()
        if not no_counterexamples:
            kept, stored = counterexamples.committed(system_file, kept, written=writes)
        after, parts = stored, []
        top = common.new_run_folder(system.name, output)
        for pack in chosen:
            settings = common.settings_for(
                pack, mode=mode, cases=cases, calls=calls, seed=seed, jobs=jobs or 0, strict=strict, as_of=day,
                timed=seconds is not None, engine=engine, statistics=not no_statistics,
            )  # fmt: skip
            if seal is not None:
                settings = evolve(settings, mode="sealed", seed=seal.commitment)
            folder = common.new_run_folder(system.name, top / pack.short) if len(chosen) > 1 else top
            oracle = common.oracle_of(pack)
            record = perform(
                pack,
                system.within(pack.short),
                oracle=oracle,
                settings=settings,
                folder=folder,
                lang=lang,
                waivers=waived,
                seconds=seconds,
                allow_outside=allow_outside,
                stored=stored,
                sealed_seed=seal.seed if seal else None,
            )
            if writes:
                after = merge(after, record, on=common.day_of(None))
            page = write_reports(record, folder, reports, lang)
            if len(chosen) == 1 or verbose:
                show(record, lang, page=page, verbose=verbose)
            parts.append(Part(record, page.relative_to(top).as_posix()))
        if len(chosen) > 1:
            show_together(parts, lang, top)
        if writes and kept:
            counterexamples.keep(kept, stored, after, lang, always=mode == "nightly")
        return worst_of(parts)

    return run
