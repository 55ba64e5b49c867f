/** What the page of a timeline does: plain browser code, kept as text because the page has to be one file. */
export const pageScript: string = String.raw`
(() => {
  const { entries, startRevision } = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const NS = 'http://www.w3.org/2000/svg';
  const writes = new Map(), reconciles = new Map();
  entries.forEach((entry, index) => {
    entry.index = index;
    if (entry.type === 'write') { if (!writes.has(entry.revision)) writes.set(entry.revision, entry); }
    if (entry.type === 'reconcile') reconciles.set(entry.id, entry);
  });
  const noise = /^(Lease|Event|Node) /;
  const time = (ms) => '+' + (ms / 1000).toFixed(3) + ' s';
  const title = (e) => e.type === 'fault' ? e.text : e.type === 'write' ? e.operation + ' ' + e.object : 'reconcile ' + e.controller + ' ' + e.key;
  const element = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) name === 'onclick' ? made.addEventListener('click', value) : made.setAttribute(name, value);
    made.append(...children);
    return made;
  };
  const shape = (parent, tag, attributes, text) => {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  };
  let zoom = 1, picked, places = new Map(), stay = () => {};

  function shown() {
    return entries.filter((e) => {
      if (!$('start').checked && (e.type === 'write' ? e.revision <= startRevision : e.revision < startRevision)) return false;
      return $('noise').checked || e.type !== 'write' || !noise.test(e.object);
    });
  }

  // Time is not to scale: a day in which nothing happens is as wide as a moment.
  function layout(list) {
    const x = new Map();
    let at = 0, last;
    for (const e of list) {
      if (last !== undefined) at += 14 + Math.min(60, Math.log2(1 + Math.max(0, e.atMs - last.atMs)) * 4);
      x.set(e.index, at);
      last = e;
    }
    return { x, width: at };
  }

  function draw() {
    const list = shown(), find = $('find').value.trim().toLowerCase();
    const hits = (e) => find === '' || (title(e) + ' ' + (e.actor || '') + ' ' + (e.changes || []).join(' ')).toLowerCase().includes(find);
    const actors = [...new Set(list.map((e) => e.type === 'fault' ? 'faults' : e.actor))];
    actors.sort((a, b) => (a === 'faults' ? -1 : b === 'faults' ? 1 : a === 'test' ? -1 : b === 'test' ? 1 : a < b ? -1 : 1));
    const { x, width } = layout(list), LANE = 46, TOP = 34;
    const LEFT = Math.max(120, 40 + 8.5 * Math.max(0, ...actors.map((actor) => actor.length)));
    const host = $('lanes'), full = LEFT + width * zoom + 60;
    const svg = document.createElementNS(NS, 'svg');
    svg.setAttribute('width', full);
    svg.setAttribute('height', TOP + actors.length * LANE + 20);
    places = new Map();
    actors.forEach((actor, row) => {
      const y = TOP + row * LANE + LANE / 2;
      shape(svg, 'line', { x1: LEFT - 10, x2: full, y1: y, y2: y, class: 'rule' });
    });
    let lastLabel = -1e9;
    const links = shape(svg, 'g', {});
    for (const e of list) {
      const px = LEFT + x.get(e.index) * zoom, y = TOP + actors.indexOf(e.type === 'fault' ? 'faults' : e.actor) * LANE + LANE / 2;
      places.set(e.index, { x: px, y });
      if (px - lastLabel > 80) { shape(svg, 'text', { x: px - 4, y: 16, class: 'axis' }, time(e.atMs)); lastLabel = px; }
      const dim = hits(e) ? '' : ' dim';
      let made;
      if (e.type === 'write') made = shape(svg, 'circle', { cx: px, cy: y, r: 6, class: 'dot ' + e.operation + dim });
      else if (e.type === 'reconcile') made = shape(svg, 'rect', { x: px - 5, y: y - 14, width: 10, height: 28, rx: 3, class: 'bar ' + (e.result || 'open') + dim });
      else made = shape(svg, 'path', { d: 'M' + (px - 6) + ' ' + (y - 6) + 'l12 12m0 -12l-12 12', class: 'cross' + dim });
      shape(made, 'title', {}, time(e.atMs) + '  ' + title(e));
      made.setAttribute('tabindex', '0');
      made.setAttribute('role', 'button');
      made.addEventListener('click', () => pick(e));
      made.addEventListener('keydown', (event) => { if (event.key === 'Enter') pick(e); });
      if (picked === e) made.classList.add('picked');
    }
    if (picked !== undefined) for (const cause of causes(picked)) {
      const a = places.get(cause.index), b = places.get(picked.index);
      if (a && b) shape(links, 'path', { d: 'M' + a.x + ' ' + a.y + 'C' + (a.x + b.x) / 2 + ' ' + a.y + ' ' + (a.x + b.x) / 2 + ' ' + b.y + ' ' + b.x + ' ' + b.y, class: 'link' });
    }
    // Above everything, and in place while the lanes are scrolled.
    const names = shape(svg, 'g', {});
    shape(names, 'rect', { x: 0, y: 0, width: LEFT - 14, height: '100%', class: 'margin' });
    actors.forEach((actor, row) => shape(names, 'text', { x: 12, y: TOP + row * LANE + LANE / 2 + 5, class: 'name' }, actor));
    stay = () => names.setAttribute('transform', 'translate(' + (host.scrollLeft || 0) + ' 0)');
    host.replaceChildren(svg);
    stay();
    $('count').value = list.filter(hits).length + ' of ' + entries.length;
  }

  // What led to something, directly.
  function causes(e) {
    if (e.type === 'fault') return [];
    if (e.type === 'write' && reconciles.has(e.reconcile)) return [reconciles.get(e.reconcile)];
    return e.because.map((revision) => writes.get(revision)).filter(Boolean);
  }
  function effects(e) {
    if (e.type === 'reconcile') return e.writes.map((revision) => writes.get(revision)).filter(Boolean);
    if (e.type !== 'write') return [];
    return entries.filter((other) => other !== e && other.type !== 'fault' && other.because.includes(e.revision) && !(other.type === 'write' && other.reconcile));
  }
  const link = (e) => element('li', {}, element('a', { onclick: () => pick(e, true) }, time(e.atMs) + '  ' + (e.actor || '') + ': ' + title(e)));
  const listOf = (name, list) => list.length === 0 ? [] : [element('h3', {}, name), element('ul', {}, ...list.map(link))];
  function change(text) {
    const arrow = text.indexOf(' → ');
    const colon = text.indexOf(': ');
    if (arrow < 0) return element('code', {}, text);
    return element('code', {}, text.slice(0, colon + 2), element('span', { class: 'from' }, text.slice(colon + 2, arrow)), ' → ', element('span', { class: 'to' }, text.slice(arrow + 3)));
  }
  function pick(e, scroll) {
    picked = e;
    draw();
    const parts = [element('h2', {}, title(e)), element('p', {}, time(e.atMs) + (e.actor ? ' by ' + e.actor : '') + (e.type === 'write' ? ', revision ' + e.revision : e.type === 'reconcile' ? ', ' + (e.result || 'did not end') : ''))];
    if (e.type === 'write' && e.changes.length) parts.push(element('h3', {}, 'changed'), element('ul', {}, ...e.changes.map((text) => element('li', {}, change(text)))));
    parts.push(...listOf('because of', causes(e)), ...listOf('led to', effects(e)));
    if (e.type === 'write') {
      const history = entries.filter((other) => other.type === 'write' && other.object === e.object);
      parts.push(element('h3', {}, 'history of ' + e.object), element('ol', {}, ...history.map((other) => {
        const item = link(other);
        item.append(element('ul', {}, ...other.changes.map((text) => element('li', {}, change(text)))));
        return item;
      })));
    }
    $('details').replaceChildren(...parts);
    if (scroll && places.has(e.index)) $('lanes').scrollTo({ left: places.get(e.index).x - 300, behavior: 'smooth' });
  }
  const zoomBy = (factor) => { zoom = Math.min(8, Math.max(0.05, zoom * factor)); draw(); };
  $('in').addEventListener('click', () => zoomBy(1.5));
  $('out').addEventListener('click', () => zoomBy(1 / 1.5));
  $('fit').addEventListener('click', () => { const { width } = layout(shown()); zoom = Math.max(0.05, Math.min(4, ($('lanes').clientWidth - 270) / Math.max(1, width))); draw(); });
  $('lanes').addEventListener('wheel', (event) => { if (event.ctrlKey) { event.preventDefault(); zoomBy(event.deltaY < 0 ? 1.2 : 1 / 1.2); } }, { passive: false });
  $('lanes').addEventListener('scroll', () => stay());
  for (const id of ['find', 'start', 'noise']) $(id).addEventListener('input', draw);
  draw();
})();
`;
