"""`conformance packs`: list the packs."""

from __future__ import annotations

import json

import click

from conformance.errors import Language, Text, columns


def command(lang: Language) -> click.Command:
    """The command in one language."""

    @click.command("packs", help=Text("List the packs that are at hand.", "列出现有的标准包。").in_(lang))
    @click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
    def packs(form: str) -> int:
        from conformance.packs import Registry

        rows = [
            {
                "id": p.id,
                "version": p.version,
                "status": p.status,
                "title": p.title.in_(lang),
                "requirements": len(p.requirements),
                "rules": len(p.rules),
                "sha256": p.sha256,
            }
            for p in Registry.shipped()
        ]
        if form == "json":
            click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        else:
            wide = max((columns(f"{r['id']}@{r['version']}") for r in rows), default=0)
            for r in rows:
                click.echo(f"{r['id']}@{r['version']:<{wide - len(str(r['id'])) - 1}}  {r['status']:<8}  {r['title']}")
        return 0

    return packs
