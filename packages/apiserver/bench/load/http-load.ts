// The client side of http.ts, in a thread of its own: asks as fast as it gets answers.
import { connect, type ClientHttp2Session } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is to do; it answers each with a number. */
export type LoadJob =
  | {
      readonly type: 'requests';
      readonly method: string;
      readonly path: string;
      readonly contentType?: string;
      readonly body?: string;
      readonly numbered?: boolean;
      readonly count: number;
    }
  | { readonly type: 'list'; readonly path: string }
  | { readonly type: 'watch'; readonly path: string; readonly watchers: number; readonly expected: number };

/** Where to, and as whom. */
export interface LoadTarget {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const CONCURRENT = 64;
const { url, ...tls } = workerData as LoadTarget;
// The bare server shows a client's certificate, which is as good for measuring.
const session: ClientHttp2Session = connect(url, { ...tls, rejectUnauthorized: false });
let serial = 0;

parentPort?.on('message', (job: LoadJob) => {
  void run(job).then((value) => parentPort?.postMessage(value));
});

function run(job: LoadJob): Promise<number> {
  if (job.type === 'requests') return requests(job);
  return job.type === 'list' ? list(job.path) : watch(job);
}

function requests(job: Extract<LoadJob, { type: 'requests' }>): Promise<number> {
  let [started, done] = [0, 0];
  return new Promise((resolve, reject) => {
    const next = (): void => {
      if (started === job.count) return;
      started += 1;
      const stream = session.request(
        { ':path': job.path, ':method': job.method, ...(job.contentType === undefined ? {} : { 'content-type': job.contentType }) },
        { endStream: job.body === undefined },
      );
      stream.on('response', (headers) => {
        if ((headers[':status'] ?? 500) >= 300) reject(new Error(`the server answered ${String(headers[':status'])}`));
      });
      stream.resume();
      stream.on('end', () => {
        done += 1;
        if (done === job.count) resolve(done);
        else next();
      });
      if (job.body !== undefined) stream.end(job.numbered === true ? job.body.replaceAll('{n}', String(serial++)) : job.body);
    };
    for (let i = 0; i < CONCURRENT; i++) next();
  });
}

/** @returns how many bytes came */
function list(path: string): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0;
    const stream = session.request({ ':path': path });
    stream.on('data', (chunk: Buffer) => (bytes += chunk.length));
    stream.on('end', () => resolve(bytes));
  });
}

/** Tells that all are connected with -1, then resolves when all events have come. */
function watch({ path, watchers, expected }: Extract<LoadJob, { type: 'watch' }>): Promise<number> {
  return new Promise((resolve) => {
    let [open, lines] = [0, 0];
    for (let i = 0; i < watchers; i++) {
      const stream = session.request({ ':path': path });
      stream.on('response', () => {
        open += 1;
        if (open === watchers) parentPort?.postMessage(-1);
      });
      stream.on('data', (chunk: Buffer) => {
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
        if (lines === watchers * expected) resolve(lines);
      });
    }
  });
}
