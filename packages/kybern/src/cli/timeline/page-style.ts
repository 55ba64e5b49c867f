/** How the page of a timeline looks, in light and in dark. */
export const pageStyle = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #667080; --line: #dfe3e8; --put: #2166c2; --new: #1a7f4b; --gone: #8a5a00; --bad: #c62839; --bar: #a8c7ef; --pick: #ffb000; }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e9ed; --bg: #14171b; --soft: #98a2b0; --line: #2c323a; --put: #6aa6f2; --new: #52c486; --gone: #dfa83f; --bad: #ff6b78; --bar: #2f4a6b; } }
* { box-sizing: border-box; }
body { margin: 0; font: 14px/1.45 system-ui, sans-serif; color: var(--fg); background: var(--bg); display: flex; flex-direction: column; height: 100vh; }
header { display: flex; flex-wrap: wrap; gap: 8px 18px; align-items: center; padding: 8px 14px; border-bottom: 1px solid var(--line); }
h1 { font-size: 16px; margin: 0; }
input[type=search], button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 5px; padding: 3px 9px; }
button { cursor: pointer; }
output { color: var(--soft); margin-left: auto; }
main { flex: 1; display: grid; grid-template-columns: minmax(0, 1fr) minmax(300px, 36%); min-height: 0; }
#lanes { overflow: auto; position: relative; }
aside { border-left: 1px solid var(--line); overflow: auto; padding: 10px 14px; }
@media (max-width: 800px) { main { grid-template-columns: 1fr; grid-template-rows: 55% 45%; } aside { border-left: 0; border-top: 1px solid var(--line); } }
svg { display: block; }
.name { fill: var(--fg); font-weight: 600; }
.margin { fill: var(--bg); }
.axis { fill: var(--soft); font-size: 11px; }
.rule { stroke: var(--line); }
.bar { fill: var(--bar); cursor: pointer; }
.bar.error, .bar.terminal_error, .bar.open { fill: var(--bad); opacity: .75; }
.dot { fill: var(--put); cursor: pointer; }
.dot.create { fill: var(--new); }
.dot.delete { fill: var(--gone); }
.cross { stroke: var(--bad); stroke-width: 2; cursor: pointer; }
.link { stroke: var(--pick); stroke-width: 1.5; fill: none; pointer-events: none; }
.picked { stroke: var(--pick); stroke-width: 3; }
.dim { opacity: .12; }
aside h2 { font-size: 15px; margin: 4px 0; overflow-wrap: anywhere; }
aside h3 { font-size: 13px; color: var(--soft); margin: 14px 0 4px; }
aside a { color: var(--put); cursor: pointer; text-decoration: none; }
aside ol, aside ul { padding-left: 18px; margin: 4px 0; }
code { font: 12px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.from { color: var(--gone); } .to { color: var(--new); }
`;
