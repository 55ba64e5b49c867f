import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createContext, runInContext, Script } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { main } from '../main.ts';
import type { CliIo } from '../io.ts';

let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kybern-timeline-'));
});
afterAll(() => rm(directory, { recursive: true }));

const timeline = {
  kybern: 'timeline',
  startMs: 0,
  startRevision: 1,
  entries: [
    { type: 'write', atMs: 0, revision: 2, operation: 'create', object: 'ConfigMap default/a', actor: 'test', because: [], changes: [] },
    { type: 'fault', atMs: 1, revision: 2, text: 'the answer </script><b>was lost' },
    {
      type: 'reconcile',
      id: 1,
      atMs: 5,
      endedMs: 5,
      revision: 2,
      actor: 'operator',
      controller: 'operator',
      key: 'default/a',
      result: 'success',
      because: [2],
      writes: [3],
    },
    {
      type: 'write',
      atMs: 5,
      revision: 3,
      operation: 'update',
      object: 'ConfigMap default/a',
      actor: 'operator',
      reconcile: 1,
      because: [2],
      changes: ['/data/n: "1" → "2"'],
    },
  ],
};

async function run(...args: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', ''];
  const io = {
    cwd: directory,
    env: {},
    stdout: { write: (text: string) => ((out += text), true) },
    stderr: { write: (text: string) => ((err += text), true) },
    interrupted: new AbortController().signal,
  } as unknown as CliIo;
  return { code: await main(args, io), out, err };
}

/** As much of an element as the page's script uses: enough to see what it draws, without a browser. */
class FakeElement {
  readonly children: (FakeElement | string)[] = [];
  readonly attributes: Record<string, string> = {};
  readonly listeners: Record<string, (event: unknown) => void> = {};
  readonly classList = { add: (name: string): void => this.setAttribute('class', `${this.attributes['class'] ?? ''} ${name}`) };
  readonly tag: string;
  textContent = '';
  value = '';
  checked = false;
  clientWidth = 1000;

  constructor(tag: string) {
    this.tag = tag;
  }
  setAttribute(name: string, value: string): void {
    this.attributes[name] = String(value);
  }
  addEventListener(name: string, fn: (event: unknown) => void): void {
    this.listeners[name] = fn;
  }
  append(...children: (FakeElement | string)[]): void {
    this.children.push(...children);
  }
  replaceChildren(...children: (FakeElement | string)[]): void {
    this.children.splice(0, Infinity, ...children);
  }
  scrollTo(): void {
    // there is nothing to scroll
  }
  /** Everything below it. */
  all(): readonly FakeElement[] {
    return this.children.flatMap((child) => (typeof child === 'string' ? [] : [child, ...child.all()]));
  }
  text(): string {
    return this.textContent + this.children.map((child) => (typeof child === 'string' ? child : child.text())).join('');
  }
}

describe('kybern timeline', () => {
  it('draws a lane per actor, and tells of what is chosen: what it changed, why, and the history of its object', async () => {
    await writeFile(join(directory, 'failure.json'), JSON.stringify(timeline));
    const { out } = await run('timeline', 'failure.json', '-o', '-');
    const elements = new Map<string, FakeElement>();
    const byId = (id: string): FakeElement => {
      const known = elements.get(id) ?? new FakeElement(id);
      elements.set(id, known);
      return known;
    };
    byId('data').textContent = JSON.stringify(timeline);
    const make = (tag: string): FakeElement => new FakeElement(tag);
    const document = { getElementById: byId, createElement: make, createElementNS: (_: string, tag: string) => make(tag) };
    runInContext(/<script>(.*?)<\/script>/s.exec(out)?.[1] ?? '', createContext({ document }));
    const drawn = byId('lanes').all();
    expect(drawn.filter(({ attributes }) => attributes['class'] === 'name').map(({ textContent }) => textContent)).toEqual(['faults', 'test', 'operator']);
    const count = (tag: string): number => drawn.filter((each) => each.tag === tag && each.listeners['click'] !== undefined).length;
    expect({ writes: count('circle'), reconciles: count('rect'), faults: count('path') }).toEqual({ writes: 2, reconciles: 1, faults: 1 });
    const update = drawn.find(({ attributes }) => attributes['class']?.startsWith('dot update') === true);
    update?.listeners['click']?.({});
    const details = byId('details').text();
    expect(details).toMatch(/update ConfigMap default\/a/);
    expect(details).toMatch(/\/data\/n: "1" → "2"/);
    expect(details).toMatch(/because of.*reconcile operator default\/a.*history of ConfigMap default\/a.*create ConfigMap default\/a/s);
    byId('find').value = 'nothing like it';
    byId('find').listeners['input']?.({});
    expect(
      byId('lanes')
        .all()
        .filter(({ attributes }) => attributes['class']?.includes(' dim') === true),
    ).toHaveLength(4);
  });

  it('writes one page that holds everything and loads nothing', async () => {
    await writeFile(join(directory, 'failure.json'), JSON.stringify(timeline));
    expect(await run('timeline', 'failure.json')).toEqual({ code: 0, out: 'failure.html written\n', err: '' });
    const page = await readFile(join(directory, 'failure.html'), 'utf8');
    expect(page).toMatch(/^<!doctype html>/);
    expect(page).not.toMatch(/<(?:link|img|iframe)|src=|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    const data = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(JSON.parse(data)).toEqual({ startMs: 0, startRevision: 1, entries: timeline.entries });
    const script = /<script>(.*?)<\/script>/s.exec(page)?.[1] ?? '';
    expect(() => new Script(script)).not.toThrow();
  });

  it('prints the page where it is told to', async () => {
    await writeFile(join(directory, 'failure.json'), JSON.stringify(timeline));
    const { code, out } = await run('timeline', 'failure.json', '-o', '-');
    expect(code).toBe(0);
    expect(out).toMatch(/<\/html>\s*$/);
  });

  it.each([
    { name: 'a file that is not there', text: undefined, error: /nothing\.json: cannot be read/ },
    { name: 'a file that is no JSON', text: 'hello', error: /nothing\.json: is no JSON/ },
    { name: 'a file that is no timeline', text: '{}', error: /nothing\.json: is no timeline/ },
  ])('says what is wrong with $name', async ({ text, error }) => {
    const file = join(directory, 'nothing.json');
    await rm(file, { force: true });
    if (text !== undefined) await writeFile(file, text);
    const { code, err } = await run('timeline', 'nothing.json');
    expect(code).toBe(1);
    expect(err).toMatch(error);
  });
});
