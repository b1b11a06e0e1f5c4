# SPDX-License-Identifier: BSD-2-Clause
"""How the page of a trace looks."""

from __future__ import annotations

from typing import Final

__all__ = ["STYLE"]

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #ffffff; --ink: #1b1f24; --dim: #5a6470; --line: #d9dee4; --track: #f1f4f7;
  --open: #7a52c7; --invoke: #1769c2; --other: #7d8894; --error: #c62828; --mark: #fff3c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14181d; --ink: #e4e8ec; --dim: #9aa5b1; --line: #323a44; --track: #1e242b;
    --open: #ab8cf0; --invoke: #5aa2ee; --other: #76818d; --error: #ff6b62; --mark: #4a4011;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem; max-width: 90rem; background: var(--page); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif;
}
h1 { margin: 0 0 .25rem; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
p { margin: .25rem 0; overflow-wrap: anywhere; }
a { color: inherit; }
.dim { color: var(--dim); }
.number, code, pre { font-family: ui-monospace, monospace; font-variant-numeric: tabular-nums; }
.key { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: .5rem 0; color: var(--dim); }
.key i { display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; }
i.open, .bar.open { background: var(--open); }
i.invoke, .bar.invoke { background: var(--invoke); }
i.other, .bar.other { background: var(--other); }
i.error, .bar.error { background: var(--error); }
.lane, .axis { display: grid; grid-template-columns: 18rem 1fr; gap: 0 1rem; }
.lane { padding: 3px 0; border-top: 1px solid var(--line); align-items: center; }
.lane > b { font-weight: 500; font-size: .9rem; overflow-wrap: anywhere; }
.track { position: relative; background: var(--track); overflow: hidden; border-radius: 3px; }
.bar {
  position: absolute; height: 14px; min-width: 3px; border-radius: 2px;
  box-shadow: 0 0 0 .5px var(--page);
}
.bar:hover, .bar:focus { outline: 2px solid var(--ink); z-index: 1; }
.axis { font-size: .75rem; color: var(--dim); }
.axis > div { position: relative; height: 1.3rem; grid-column: 2; }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.axis span:first-child { transform: none; }
.axis span:last-child { transform: translateX(-100%); }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, th.number { font-family: inherit; font-weight: 500; color: var(--dim); white-space: nowrap; }
th { text-align: left; }
th, td { padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.wide { overflow-wrap: anywhere; width: 99%; }
tr:target { background: var(--mark); }
tr.failed .result { color: var(--error); font-weight: 600; }
.part { width: 6rem; min-width: 6rem; }
.part span { display: block; height: .7em; margin-top: .4em; min-width: 1px;
  background: var(--invoke); border-radius: 2px; }
.failed .part span { background: var(--error); }
details > summary { cursor: pointer; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem;
  margin: .4rem 0 .4rem 1rem; }
dt { color: var(--dim); }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: .2rem 0; font-size: .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.choice { display: inline-flex; gap: .5rem; align-items: center; margin: .25rem 0 .5rem; }
body:has(#failures:checked) #calls tbody tr:not(.failed) { display: none; }
@media (max-width: 48rem) {
  body { padding: 1rem; }
  .lane { grid-template-columns: 1fr; }
  .axis > div { grid-column: 1; }
  .axis { grid-template-columns: 1fr; }
  .axis span:nth-child(even) { display: none; }
  table, tbody { display: block; }
  thead { display: none; }
  tr { display: flex; flex-wrap: wrap; gap: 0 .9rem; padding: .5rem 0;
    border-bottom: 1px solid var(--line); }
  td { display: block; border: 0; padding: 0; }
  td.wide { width: 100%; order: -1; font-weight: 500; }
  td.wide details[open] { font-weight: 400; }
  td[data-name]::before { content: attr(data-name) " "; color: var(--dim); font-family: system-ui; }
  td:empty { display: none; }
  dl { grid-template-columns: 6.5rem 1fr; margin-left: 0; }
  .part { order: 1; width: 100%; }
  .part span { margin: .2em 0 0; height: .4em; }
}
@media print {
  :root {
    --page: #fff; --ink: #000; --dim: #444; --line: #bbb; --track: #f3f3f3;
    --open: #7a52c7; --invoke: #1769c2; --other: #7d8894; --error: #c62828; --mark: #fff;
  }
  body { padding: 0; font-size: 10pt; max-width: none; }
  .bar, i, .part span { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  tr, .lane { break-inside: avoid; }
  thead { display: table-header-group; }
  .choice { display: none; }
}
"""
