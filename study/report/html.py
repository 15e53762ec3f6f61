"""The report as one HTML file: nothing is loaded from anywhere, no script, light and dark, printable."""

from __future__ import annotations

from html import escape

from study.report.model import Report
from study.report.parts import Figure, Section, Table
from study.report.stage_sections import sections
from study.report.svg import to_svg

STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #59636e; --paper: #ffffff; --line: #d5dbe1;
  --card: #f5f7f9; --main: #1f6f8b; --band: #1f6f8b33; --mark: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e8ec; --soft: #a3adb8; --paper: #14181c;
  --line: #38424c; --card: #1c2228; --main: #62b6d3; --band: #62b6d340; --mark: #eb9a62; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 3rem 0 .5rem; }
.question { color: var(--soft); margin: 0 0 1.5rem; }
.summary { font-size: 1.12rem; padding: 1rem 1.25rem; background: var(--card);
  border-left: .3rem solid var(--main); }
nav ul { padding: 0; list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
a { color: var(--main); }
a:focus-visible, .scroll:focus-visible {
  outline: 2px solid var(--main); outline-offset: 2px; }
.scroll { overflow-x: auto; margin: 1.5rem 0; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: .25rem 0 .5rem; }
th, td { text-align: left; vertical-align: top; padding: .38rem .9rem .38rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
tbody th { font-weight: 400; } thead th { color: var(--soft); font-weight: 600; font-size: .86rem; }
.note, figcaption { color: var(--soft); font-size: .88rem; margin: .4rem 0 0; }
figure { margin: 2rem 0; padding: 1rem 1.25rem; background: var(--card); break-inside: avoid; }
figure h3 { margin: 0 0 .75rem; font-size: 1rem; } figure .scroll { margin: .75rem 0 0; }
figure svg { align-self: start; } figure th, figure td { padding-right: .5rem; }
@media (min-width: 54rem) { figure { display: grid; grid-template-columns: 3fr 2fr; column-gap: 2rem; }
  figure h3, figure figcaption { grid-column: 1 / -1; } figure .scroll { margin-top: 0; } }
td.short { white-space: nowrap; }
svg { width: 100%; height: auto; max-height: 26rem; display: block; }
svg text { font: 13px system-ui, sans-serif; fill: var(--ink); }
svg .axis { font-size: 12px; fill: var(--soft); }
svg .strong { fill: var(--paper); font-weight: 600; }
.grid { stroke: var(--line); } .middle { stroke: var(--ink); stroke-dasharray: 5 4; }
.band { fill: var(--band); }
.line { fill: none; stroke: var(--main); stroke-width: 2; } .dot { fill: var(--main); }
.bar { fill: var(--main); fill-opacity: .55; } .cell { fill: var(--main); stroke: var(--line); }
.whisker { stroke: var(--ink); stroke-width: 1.5; } .paper { fill: var(--mark); fill-opacity: .8; }
.papermark { stroke: var(--mark); stroke-width: 2; }
footer { margin-top: 3rem; color: var(--soft); font-size: .88rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } nav { display: none; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } .scroll { overflow: visible; } }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def to_html(report: Report) -> str:
    """One self-contained page. Every text from the study is escaped; the content policy forbids scripts."""
    found = sections(report)
    title = report.info.name or "Study report"
    links = "".join(f'<li><a href="#{escape(one.id)}">{escape(one.title)}</a></li>' for one in found)
    question = f'<p class="question">{escape(report.info.question)}</p>' if report.info.question else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n"
        f"<h1>{escape(title)}</h1>\n{question}</header>\n<main>\n"
        f'<p class="summary">{escape(report.summary)}</p>\n'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n'
        + "\n".join(_section(one) for one in found)
        + "\n</main>\n<footer><p>Made by Recenter from the study's own records; the numbers can be "
        "recomputed from the export.</p></footer>\n</body>\n</html>\n"
    )


def _section(section: Section) -> str:
    parts = [f'<section id="{escape(section.id)}">', f"<h2>{escape(section.title)}</h2>"]
    # the first two tables carry the result, the figures show it, the other tables are for checking
    tables, figures = section.tables, section.figures
    parts += [_table(table) for table in tables[:2]]
    parts += [_figure(figure) for figure in figures]
    parts += [_table(table) for table in tables[2:]]
    return "\n".join([*parts, "</section>"])


def _table(table: Table) -> str:
    head = ""
    if any(table.columns):
        cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
        head = f"<thead><tr>{cells}</tr></thead>"
    rows = "".join(_row(row) for row in table.rows)
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    label = escape(table.caption, quote=True)
    return (
        f'<div class="scroll" role="region" aria-label="{label}" tabindex="0"><table>'
        f"<caption>{escape(table.caption)}</caption>{head}<tbody>{rows}</tbody></table>{note}</div>"
    )


def _row(row: tuple[str, ...]) -> str:
    cells = "".join(
        f'<td class="short">{escape(cell)}</td>' if len(cell) < 24 else f"<td>{escape(cell)}</td>"
        for cell in row[1:]
    )
    return f'<tr><th scope="row">{escape(row[0])}</th>{cells}</tr>'


def _figure(figure: Figure) -> str:
    return (
        f"<figure><h3>{escape(figure.title)}</h3>{to_svg(figure)}"
        f"{_table(figure.table)}<figcaption>{escape(figure.description)}</figcaption></figure>"
    )
