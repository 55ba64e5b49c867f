// The client side of http.ts, in a thread of its own: asks as fast as it gets answers.
import { connect, type ClientHttp2Session } from 'node:http2';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is to do; it answers each with a {@link LoadResult}. */
export type LoadJob =
  | {
      readonly type: 'requests';
      readonly method: string;
      readonly path: string;
      readonly contentType?: string;
      /** `{n}` in it and in the path is a number. */
      readonly body?: string;
      /** From how many numbers those in the path are. Default: any. */
      readonly objects?: number;
      readonly count: number;
    }
  | { readonly type: 'list'; readonly path: string }
  | { readonly type: 'watch'; readonly path: string; readonly watchers: number; readonly expected: number };

/** What became of a job. */
export interface LoadResult {
  /** Answers, bytes or events. */
  readonly counted: number;
  readonly firstByteMs: number;
}

/** Where to, and as whom. */
export interface LoadTarget {
  readonly url: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const CONCURRENT = 64;
/** A server lets so many streams share a connection. */
const STREAMS = 500;
const { url, ...tls } = workerData as LoadTarget;
// The bare server shows a client's certificate, which is as good for measuring.
const session: ClientHttp2Session = connect(url, { ...tls, rejectUnauthorized: false });
let serial = 0;

parentPort?.on('message', (job: LoadJob) => {
  void run(job).then((value) => parentPort?.postMessage(value));
});

const result = (counted: number, firstByteMs = 0): LoadResult => ({ counted, firstByteMs });

function run(job: LoadJob): Promise<LoadResult> {
  if (job.type === 'requests') return requests(job);
  return job.type === 'list' ? list(job.path) : watch(job);
}

function requests(job: Extract<LoadJob, { type: 'requests' }>): Promise<LoadResult> {
  let [started, done] = [0, 0];
  return new Promise((resolve, reject) => {
    const next = (): void => {
      if (started === job.count) return;
      started += 1;
      const n = serial++;
      const path = job.path.replace('{n}', String(n % (job.objects ?? Infinity)));
      const stream = session.request(
        { ':path': path, ':method': job.method, ...(job.contentType === undefined ? {} : { 'content-type': job.contentType }) },
        { endStream: job.body === undefined },
      );
      stream.on('response', (headers) => {
        if ((headers[':status'] ?? 500) >= 300) reject(new Error(`the server answered ${String(headers[':status'])}`));
      });
      stream.resume();
      stream.on('end', () => {
        done += 1;
        if (done === job.count) resolve(result(done));
        else next();
      });
      if (job.body !== undefined) stream.end(job.body.replaceAll('{n}', String(n)));
    };
    for (let i = 0; i < CONCURRENT; i++) next();
  });
}

/** Counts the bytes that come. */
function list(path: string): Promise<LoadResult> {
  return new Promise((resolve) => {
    let [bytes, firstByteMs] = [0, 0];
    const start = performance.now();
    const stream = session.request({ ':path': path });
    stream.on('data', (chunk: Buffer) => {
      if (bytes === 0) firstByteMs = performance.now() - start;
      bytes += chunk.length;
    });
    stream.on('end', () => resolve(result(bytes, firstByteMs)));
  });
}

/** Tells that all are connected with -1, then resolves when all events have come. */
function watch({ path, watchers, expected }: Extract<LoadJob, { type: 'watch' }>): Promise<LoadResult> {
  return new Promise((resolve) => {
    let [open, lines] = [0, 0];
    const count = (chunk: Buffer): void => {
      for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, end + 1)) lines += 1;
      if (lines === watchers * expected) resolve(result(lines));
    };
    let at: ClientHttp2Session = session;
    for (let i = 0; i < watchers; i++) {
      if (i % STREAMS === 0) at = connect(url, { ...tls, rejectUnauthorized: false });
      const stream = at.request({ ':path': path });
      stream.on('response', () => {
        open += 1;
        if (open === watchers) parentPort?.postMessage(-1);
      });
      stream.on('data', count);
    }
  });
}
