// A whole cluster in the worker of a real browser, the same run as here.
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { expect, it } from 'vitest';
import { CHROMIUM, openChromium } from '../../../test/chromium.ts';
import { describeWith } from './find-on-path.ts';
import { runScenario } from './worker-scenario.ts';

/** The scenario as the only file of a worker, with everything that it imports. */
async function bundleWorker(): Promise<string> {
  const scenario = fileURLToPath(new URL('worker-scenario.ts', import.meta.url));
  const { outputFiles } = await build({
    stdin: {
      contents: `import { runScenario } from ${JSON.stringify(scenario)};
        runScenario().then((log) => postMessage({ log }), (error) => postMessage({ error: String(error.stack) }));`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    format: 'iife',
    write: false,
    platform: 'browser',
    mainFields: ['browser', 'module', 'main'],
    conditions: ['@kybern/source', 'browser', 'import'],
    logLevel: 'silent',
    external: ['node:*'],
  });
  return outputFiles[0]?.text ?? '';
}

describeWith({ title: 'a cluster in the worker of a browser', ...CHROMIUM }, (path) => {
  it('rolls a Deployment out with the same event log, to the byte, as under Node', { timeout: 120_000 }, async () => {
    const worker = await bundleWorker();
    const server = createServer((request, response) => {
      response.setHeader('content-type', request.url === '/worker.js' ? 'text/javascript' : 'text/html');
      response.end(request.url === '/worker.js' ? worker : '<!doctype html><title>worker</title><link rel="icon" href="data:,">');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await using page = await openChromium(path);
      await page.open(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`);
      const { log, error } = await page.evaluate<{ readonly log?: string; readonly error?: string }>(`new Promise((resolve) => {
        const worker = new Worker('/worker.js');
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message, lineno }) => resolve({ error: message + ' in line ' + lineno });
      })`);
      expect(error).toBeUndefined();
      const here = await runScenario();
      expect(here.split('\n').length).toBeGreaterThan(40);
      const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
      expect(hash(log ?? '')).toBe(hash(here));
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
