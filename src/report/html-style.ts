const LIGHT = `--bg: #ffffff; --card: #f6f8fa; --text: #1b1f24; --muted: #545d68; --line: #d0d7de;
--accent: #0550ae; --wait: #8c959f; --good: #116329; --warn: #7d4e00; --bad: #a40e26;`;

const DARK = `--bg: #0d1117; --card: #161b22; --text: #e6edf3; --muted: #9aa4af; --line: #30363d;
--accent: #79c0ff; --wait: #6e7681; --good: #56d364; --warn: #e3b341; --bad: #ff9492;`;

/** The look of every HTML report: light and dark, phone and paper. */
export const STYLE = `
:root { ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", sans-serif;
  overflow-wrap: break-word; }
header, main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1.5rem; }
footer { padding-bottom: 2rem; color: var(--muted); font-size: 0.875rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.5rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 0.75rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.5rem 0 0.25rem; }
p { margin: 0.4rem 0; max-width: 46rem; }
.time { white-space: nowrap; }
.muted { color: var(--muted); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 0.5rem 1.5rem; margin: 1rem 0; }
dl > div { border-left: 3px solid var(--line); padding-left: 0.75rem; }
dt { color: var(--muted); font-size: 0.8125rem; }
dd { margin: 0; }
code { font: 0.875em/1.5 ui-monospace, "Cascadia Mono", Consolas, monospace; overflow-wrap: anywhere; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.75rem; overflow-x: auto; }
pre code { overflow-wrap: normal; }
table { border-collapse: collapse; width: 100%; margin: 0.75rem 0; font-size: 0.9375rem; }
caption { text-align: left; color: var(--muted); font-size: 0.875rem; padding-bottom: 0.25rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.75rem 0.4rem 0; border-bottom: 1px solid var(--line); }
th { font-size: 0.8125rem; color: var(--muted); font-weight: 600; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 999px; padding: 0 0.6em; font-size: 0.8125rem;
  font-weight: 600; white-space: nowrap; color: var(--muted); }
.badge.done, .badge.applied, .badge.additive, .badge.closed, .badge.taken-over, .badge.in-place-already { color: var(--good); }
.badge.running, .badge.in-progress { color: var(--accent); }
.badge.paused, .badge.waiting, .badge.disruptive, .badge.high, .badge.medium, .badge.announced, .badge.open { color: var(--warn); }
.badge.failed, .badge.irreversible, .badge.blocker, .badge.critical, .badge.blocked { color: var(--bad); }
.alarm, .notice { border: 2px solid var(--bad); border-radius: 6px; padding: 0.25rem 0.75rem; margin: 1.25rem 0;
  max-width: 46rem; }
.alarm strong { color: var(--bad); }
.notice { border-color: var(--warn); }
.notice strong { color: var(--warn); }
a { color: var(--accent); }
.timeline { display: block; width: 100%; }
.timeline text { font: 13px system-ui, "Segoe UI", sans-serif; fill: var(--text); }
.timeline .note { fill: var(--muted); }
.timeline .track { fill: var(--card); }
.timeline .work { fill: var(--accent); }
.timeline .wait { fill: var(--wait); }
.timeline .fail { fill: var(--bad); }
.timeline .mark { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 4 3; }
.timeline .mark-text { fill: var(--bad); font-weight: 600; }
.key { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; margin: 0 0.3em 0 0.9em; }
.key.work { background: var(--accent); margin-left: 0; }
.key.wait { background: var(--wait); }
@media (min-width: 40.01rem) { td { min-width: 6.25rem; overflow-wrap: anywhere; } td:first-child { min-width: 9rem; } }
@media (max-width: 40rem) {
  table, thead, tbody, tr, td, caption { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border: 1px solid var(--line); border-radius: 6px; padding: 0.4rem 0.75rem; margin: 0.6rem 0; }
  td { border: 0; padding: 0.15rem 0 0.15rem 6.5rem; position: relative; min-height: 1.8rem; }
  td:empty { display: none; }
  td:first-child { font-weight: 600; }
  td::before { content: attr(data-label); position: absolute; left: 0; width: 6rem; color: var(--muted);
    font-size: 0.8125rem; font-weight: 400; line-height: 1.75; }
}
@media print {
  :root { ${LIGHT} }
  body { font-size: 11pt; }
  header, main, footer { max-width: none; padding: 0; }
  tr, pre, dl, .timeline { break-inside: avoid; }
  h2, h3 { break-after: avoid; }
  pre { white-space: pre-wrap; overflow: visible; }
}
`;
