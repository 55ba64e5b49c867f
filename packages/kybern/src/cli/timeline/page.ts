import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';
import type { TimelineFile } from './timeline-file.ts';

/** One HTML file with everything in it: a lane per actor, the history of each object, and what led to what. It loads nothing. */
export function timelinePage(timeline: TimelineFile): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>Timeline</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>Timeline</h1>
<label>Find <input id="find" type="search" placeholder="object, actor or text"></label>
<label><input id="start" type="checkbox"> the start</label>
<label><input id="noise" type="checkbox"> heartbeats and events</label>
<span class="zoom"><button id="out" aria-label="zoom out">−</button><button id="fit">fit</button><button id="in" aria-label="zoom in">+</button></span>
<output id="count"></output>
</header>
<main>
<section id="lanes" aria-label="lanes of actors"></section>
<aside id="details" aria-live="polite"><p>Choose something that happened: a dot is a write, a bar a reconcile, a cross a fault.</p></aside>
</main>
<script type="application/json" id="data">${embedded(timeline)}</script>
<script>${pageScript}</script>
</body>
</html>
`;
}

/** JSON that cannot end the element that it is in. */
function embedded(timeline: TimelineFile): string {
  return JSON.stringify(timeline).replaceAll('<', '\\u003c');
}
