"""`conformance demo`: a real dispatch program that we did not write, and the fault that the harness finds in it.

With ``--campus``, simulators of one compute campus through all packs of energy for compute, and its finance; with
``--references``, each pack on its own reference.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
from attrs import evolve

from conformance.cli import common, run
from conformance.cli.run import perform, show, show_together, worst_of, write_reports
from conformance.errors import Language, Text
from conformance.errors.usage import Missing

if TYPE_CHECKING:
    from conformance.model.standard import Pack
    from conformance.model.system import System

SYSTEM = Path("fixtures/real/pypower-dc-opf")
GRIDS = (("system-ieee30.yaml", 20, 0), ("system-ieee39.yaml", 60, 240), ("system.yaml", 60, 240))
"""System file, independent cases and adaptive calls; the 30-bus case fails at nominal and needs no hunt."""

CASES = 1000
"""Independent cases of each operation where simulators and references are shown."""

_INTRO = Text(
    "A DC optimal power flow (PYPOWER, third-party code) stands in for a vendor's dispatch AI.\n"
    "Its answers are replayed in AC on three test grids. It looks fine until then.",
    "以直流最优潮流（PYPOWER，第三方代码）充当供应商的调度智能体。\n在三个测试电网上用交流潮流复算其指令——此前看不出问题。",
)
_CAMPUS = Text(
    "Simulators of one compute campus: its meters, certificates, storage, jobs and funds for a year.\n"
    "Nothing was measured; where a pack calls a system, its own reference answers.",
    "同一算力园区的仿真器：一年的计量、绿证、储能、作业与融资数据。\n数据均非实测；标准包所调用的操作由其自带参考系统应答。",
)
_REFERENCES = Text(
    "Each pack on its own reference: a program that the project wrote, a simulator's recording, or both.\n"
    "It shows that the rules can be met; nothing was measured, and no product is judged.",
    "各标准包检验其自带参考：项目自编程序、仿真器生成的记录，或两者兼有。\n用以说明规则可以满足；数据均非实测，不评价任何产品。",
)
_OUTRO = Text(
    "These are findings about this use of a DC model on test cases, not about any grid or product.\n"
    "Your own system:  conformance init",
    "以上结论只针对在测试算例上这样使用直流模型，不涉及任何实际电网或产品。\n检验您自己的系统：  conformance init",
)


def command(lang: Language) -> click.Command:
    """The command in one language."""
    help_ = Text(
        "Find a real fault in a real dispatch program, in a minute. Exits 1, because it finds one.",
        "用一分钟在真实调度程序中找出真实缺陷。因为确有发现，退出码为 1。",
    )

    @click.command("demo", help=help_.in_(lang))
    @click.option(
        "--campus",
        is_flag=True,
        help=Text(
            "instead, a simulated compute campus through all packs of energy for compute: some minutes; exits 0",
            "改为以仿真算力园区检验“能源支撑算力”的全部标准包：数分钟；退出码 0",
        ).in_(lang),
    )
    @click.option(
        "--references",
        is_flag=True,
        help=Text(
            "instead, every pack on its own reference: some minutes; exits 0",
            "改为以自带参考检验每个标准包：数分钟；退出码 0",
        ).in_(lang),
    )
    @click.option(
        "--jobs", type=click.IntRange(1, 256), metavar="N", help=Text("concurrent calls", "并发调用数").in_(lang)
    )
    def demo(campus: bool, references: bool, jobs: int | None) -> int:
        from conformance.packs import Registry, read_system, shipped_root

        if campus:
            return _campus(lang, jobs)
        if references:
            return _references(lang, jobs)
        if find_spec("pypower") is None:
            purpose = Text("the demo tests a program that we did not write", "演示所检验的是第三方程序")
            raise Missing(package="PYPOWER", extra="demo", purpose=purpose)
        click.echo(_INTRO.in_(lang) + "\n")
        day = common.day_of(None)
        pack = common.choose(Registry.shipped(), "grid-dispatch", (), day)
        oracle = common.oracle_of(pack)
        codes = []
        for name, cases, calls in GRIDS:
            file = shipped_root() / SYSTEM / name
            system = read_system(file, [pack])
            settings = common.settings_for(pack, cases=cases, calls=calls, jobs=jobs or 0, as_of=day, command="demo")
            folder = common.new_run_folder(f"demo-{system.site_names['grid']}", None)
            record = perform(pack, system, oracle=oracle, settings=settings, folder=folder, lang=lang)
            show(record, lang, page=write_reports(record, folder, {}, lang), run=folder.name)
            click.echo("")
            codes.append(record.footer.exit_code if record.footer else 2)
        click.echo(_OUTRO.in_(lang))
        return 1 if 1 in codes else max(codes)

    return demo


def _campus(lang: Language, jobs: int | None) -> int:
    """Simulate what one campus brings, then `conformance run` of each pack that it brings something to."""
    from conformance.packs import shipped_root

    _needs_parquet()
    click.echo(_CAMPUS.in_(lang) + "\n")
    folder = common.new_run_folder("demo-campus", None)
    recorded = folder / "recorded"
    recorder = shipped_root() / "fixtures/systems/campus/record_all.py"
    subprocess.run([sys.executable, str(recorder), "--output", str(recorded)], check=True)  # noqa: S603 - our own
    file = recorded / "system.yaml"
    packs = sorted(path.name for path in recorded.iterdir() if path.is_dir())
    words = [*packs, "--system", str(file), "--output", str(folder), "--no-counterexamples"]
    words += ["--cases", str(CASES), "--calls", "0", *(["--jobs", str(jobs)] if jobs else [])]
    code: int = run.command(lang).main(words, standalone_mode=False)
    return code


def _references(lang: Language, jobs: int | None) -> int:
    """Assess the reference of each pack that has one, and show them together."""
    from conformance.packs import Registry
    from conformance.report import Part

    _needs_parquet()
    click.echo(_REFERENCES.in_(lang) + "\n")
    day = common.day_of(None)
    top = common.new_run_folder("demo-references", None)
    parts = []
    registry = Registry.shipped()
    for name in registry.ids:
        pack = common.choose(registry, name, (), day)
        system = _reference(pack, top / "recorded" / pack.short)
        if system is None:
            continue
        settings = common.settings_for(pack, cases=CASES, calls=0, jobs=jobs or 0, as_of=day, command="demo")
        folder = common.new_run_folder(system.name, top / pack.short)
        record = perform(pack, system, oracle=common.oracle_of(pack), settings=settings, folder=folder, lang=lang)
        parts.append(Part(record, write_reports(record, folder, {}, lang).relative_to(top).as_posix()))
    show_together(parts, lang, top)
    return worst_of(parts)


def _reference(pack: Pack, room: Path) -> System | None:
    """The reference of ``pack``: its oracle is called, and what its simulator records is brought to ``room``."""
    from conformance.systems.simulator import simulated

    called, recorded = common.oracle_of(pack), common.recorded_of(pack)
    if recorded is None:
        return called
    made = simulated(recorded, room)
    if called is None:
        return made
    shutil.copytree(called.folder, room, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return evolve(
        made, operations=called.operations, site=called.site, site_names=called.site_names,
        declares={**made.declares, **called.declares},
    )  # fmt: skip


def _needs_parquet() -> None:
    if find_spec("pyarrow") is None:
        purpose = Text("the simulators write Parquet files", "仿真器写出 Parquet 文件")
        raise Missing(package="pyarrow", extra="demo", purpose=purpose)
