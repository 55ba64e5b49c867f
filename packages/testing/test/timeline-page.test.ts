// The page of a timeline in a real browser: what a reader sees of a run that went wrong.
import { Deployment, Pod } from '@kybern/core/kinds';
import { createTestCluster } from '@kybern/testing';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { CHROMIUM, openChromium, type Page } from '../../../test/chromium.ts';
import { describeWith } from './find-on-path.ts';
import { timelinePage } from '../../kybern/src/cli/timeline/page.ts';

const labels = { app: 'web' };
const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx:1' }] } };

/** A run in which a write fails and a controller works. */
async function writePage(directory: string): Promise<string> {
  await using cluster = await createTestCluster({ seed: 1, nodes: 2 });
  cluster.faults.inject({ verb: 'create', kind: Pod, times: 1 }, { type: 'lose' });
  await cluster.client.create(Deployment, {
    metadata: { name: 'web', namespace: 'default' },
    spec: { replicas: 2, selector: { matchLabels: labels }, template },
  });
  await cluster.advance('10s');
  const file = join(directory, 'timeline.html');
  await writeFile(file, timelinePage((await cluster.timeline()) as never));
  return pathToFileURL(file).href;
}

/** The colors at some places of a screenshot, read by the browser itself. */
async function colorsAt(page: Page, png: string, places: readonly { readonly x: number; readonly y: number }[]): Promise<readonly string[]> {
  return await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob(${JSON.stringify(png)}), (char) => char.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
    canvas.drawImage(image, 0, 0);
    return ${JSON.stringify(places)}.map(({ x, y }) => {
      const [r, g, b] = canvas.getImageData(Math.round(x), Math.round(y), 1, 1).data;
      return 'rgb(' + r + ', ' + g + ', ' + b + ')';
    });
  })()`);
}

interface Mark {
  readonly tag: string;
  readonly x: number;
  readonly y: number;
  readonly fill: string;
}
const MARKS = `[...document.querySelectorAll('#lanes [role=button]')].map((mark) => {
  const { x, y, width, height } = mark.getBoundingClientRect();
  return { tag: mark.tagName, x: x + width / 2, y: y + height / 2, fill: getComputedStyle(mark).fill };
})`;

describeWith({ title: 'the page of a timeline in a browser', ...CHROMIUM }, (path) => {
  it('draws what happened where it says, tells of what is clicked, finds and zooms, and asks nobody for anything', { timeout: 120_000 }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kybern-page-'));
    try {
      await using page = await openChromium(path);
      const url = await writePage(directory);
      await page.open(url);
      const names = await page.evaluate<readonly { text: string; right: number }[]>(
        `[...document.querySelectorAll('.name')].map((name) => ({ text: name.textContent, right: name.getBoundingClientRect().right }))`,
      );
      expect(names.map(({ text }) => text)).toEqual(['faults', 'test', 'kube-controller-manager', 'node-1', 'node-2', 'scheduler']);
      const marks = await page.evaluate<readonly Mark[]>(MARKS);
      const leftmost = Math.min(...marks.map(({ x }) => x));
      expect(names.filter(({ right }) => right > leftmost - 8)).toEqual([]);
      expect(await page.evaluate(`document.documentElement.scrollWidth <= innerWidth`)).toBe(true);

      const edge = await page.evaluate<number>(`document.getElementById('lanes').getBoundingClientRect().right`);
      const dots = marks.filter(({ tag, x }) => tag === 'circle' && x < edge - 8);
      expect(dots.length).toBeGreaterThan(5);
      expect(await colorsAt(page, await page.screenshot(), dots)).toEqual(dots.map(({ fill }) => fill));

      const first = dots[0] as Mark;
      await page.click(first.x, first.y);
      expect(await page.evaluate(`document.getElementById('details').textContent`)).toContain('create Deployment default/web');
      expect(await page.evaluate(`document.querySelector('.picked') !== null`)).toBe(true);

      await page.evaluate(`(() => { const find = document.getElementById('find'); find.value = 'no such thing'; find.dispatchEvent(new Event('input')); })()`);
      expect(await page.evaluate(`document.querySelectorAll('#lanes .dim').length`)).toBe(marks.length);

      await page.evaluate(`document.getElementById('in').click()`);
      const wider = await page.evaluate<readonly Mark[]>(MARKS);
      expect((wider.at(-1) as Mark).x).toBeGreaterThan((marks.at(-1) as Mark).x + 100);
      expect(page.said).toEqual([]);
      expect(page.asked.filter((address) => address !== url)).toEqual([]);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
