// A real browser for tests: Debian's Chromium without a window, driven over its DevTools protocol. It talks to nobody but this process.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

export const CHROMIUM = { programs: ['chromium', 'chromium-browser', 'google-chrome'], debianPackage: 'chromium' } as const;
const PATIENCE_MS = 30_000;

/** One page. */
export interface Page extends AsyncDisposable {
  /** What the page's console and its uncaught exceptions said. */
  readonly said: readonly string[];
  /** Every address that it asked for. */
  readonly asked: readonly string[];
  open(url: string): Promise<void>;
  /** The value of an expression, as JSON carries it; a promise is waited for. */
  evaluate<T>(expression: string): Promise<T>;
  click(x: number, y: number): Promise<void>;
  /** A picture of what is in the window, as base64 of a PNG. */
  screenshot(): Promise<string>;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, never>>;
  readonly result?: never;
  readonly error?: { readonly message: string };
}

/** Starts the browser at `path` with one empty page of this size; it ends with the page. */
export async function openChromium(path: string, { width = 1280, height = 800 } = {}): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), 'kybern-chromium-'));
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--hide-scrollbars',
    '--no-first-run',
    '--disable-background-networking',
  ];
  const size = `--window-size=${String(width)},${String(height)}`;
  const browser = spawn(path, [...flags, size, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'], { stdio: 'ignore' });
  const end = async (): Promise<void> => {
    if (browser.exitCode === null && browser.signalCode === null) {
      browser.kill('SIGKILL');
      await once(browser, 'exit');
    }
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return await attach(await pageSocket(browser, profile), end);
  } catch (error) {
    await end();
    throw error;
  }
}

/** The address of the page's socket; the browser writes its port into its profile. */
async function pageSocket(browser: ChildProcess, profile: string): Promise<string> {
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 50) {
    if (browser.exitCode !== null) throw new Error(`the browser ended at once, with code ${String(browser.exitCode)}`);
    const port = (await readFile(join(profile, 'DevToolsActivePort'), 'utf8').catch(() => '')).split('\n')[0] ?? '';
    if (port !== '') {
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as readonly { type: string; webSocketDebuggerUrl: string }[];
      const page = targets.find(({ type }) => type === 'page');
      if (page !== undefined) return page.webSocketDebuggerUrl;
    }
    await sleep(50);
  }
  throw new Error(`the browser did not open a page within ${String(PATIENCE_MS)} ms`);
}

async function attach(url: string, end: () => Promise<void>): Promise<Page> {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('the browser does not take the connection'));
  });
  const [said, asked]: [string[], string[]] = [[], []];
  const waiting = new Map<number, (answer: Answer) => void>();
  let loaded: () => void = () => undefined;
  socket.onmessage = ({ data }: { readonly data: unknown }) => {
    const answer = JSON.parse(String(data)) as Answer;
    if (answer.id !== undefined) waiting.get(answer.id)?.(answer);
    else if (answer.method === 'Page.loadEventFired') loaded();
    else if (answer.method === 'Runtime.exceptionThrown' || answer.method === 'Runtime.consoleAPICalled') said.push(JSON.stringify(answer.params));
    else if (answer.method === 'Network.requestWillBeSent') asked.push((answer.params as unknown as { request: { url: string } }).request.url);
  };
  let last = 0;
  const call = <T>(method: string, params: object = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve(result as T);
        else reject(new Error(`${method}: ${error.message}`));
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  for (const domain of ['Page', 'Runtime', 'Network']) await call(`${domain}.enable`);
  return {
    said,
    asked,
    async open(address) {
      const ready = new Promise<void>((resolve) => (loaded = resolve));
      await call('Page.navigate', { url: address });
      await ready;
    },
    async evaluate<T>(expression: string) {
      interface Evaluated {
        readonly result: { readonly value: T };
        readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
      }
      const { result, exceptionDetails } = await call<Evaluated>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    },
    async click(x, y) {
      for (const type of ['mousePressed', 'mouseReleased']) await call('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 });
    },
    screenshot: async () => (await call<{ readonly data: string }>('Page.captureScreenshot', { format: 'png' })).data,
    async [Symbol.asyncDispose]() {
      socket.close();
      await end();
    },
  };
}
