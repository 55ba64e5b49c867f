import { sleep, type Clock, type Logger, type Random } from '@kybern/core';
import { EtcdError, GRPC, isEtcdDiverged, isEtcdError } from '../errors.ts';
import { etcdMethods, type EtcdMethod } from '../generated/etcd.ts';
import { openConnection, type EtcdTls, type GrpcConnection, type GrpcStream, type StreamHandlers } from './grpc-connection.ts';

/** A user of etcd. */
export interface EtcdUser {
  readonly name: string;
  readonly password: string;
}

/** Options of an {@link EtcdClient}. */
export interface EtcdClientOptions {
  /** `http://host:port` or `https://host:port`, at least one. */
  readonly endpoints: readonly string[];
  readonly tls: EtcdTls;
  readonly user: EtcdUser | undefined;
  readonly requestTimeoutMs: number;
  readonly dialTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Looks at a new connection before it is used. What it throws makes the next endpoint be tried; an `EtcdDivergedError` ends everything. */
  readonly check: (connection: EtcdCaller) => Promise<void>;
}

/** Options of a call. */
export interface EtcdCallOptions {
  /** May be done twice: it is tried again at other endpoints until the time is over. Default false: only what was not done for sure is. */
  readonly repeatable?: boolean;
  readonly timeoutMs?: number;
}

/** Makes single calls. */
export interface EtcdCaller {
  call<Request, Response>(method: EtcdMethod<Request, Response>, request: Request, options?: EtcdCallOptions): Promise<Response>;
}

const BACK_OFF_MIN_MS = 50;
const BACK_OFF_MAX_MS = 3_000;
const JITTER = 0.3;

/**
 * Calls etcd at one of several endpoints: it stays with one that works, and moves on when one is gone, does not answer or has no leader. One dial at a
 * time, with back-off between rounds.
 */
export class EtcdClient implements EtcdCaller {
  readonly #options: EtcdClientOptions;
  readonly #endpoints: readonly URL[];
  readonly #stop = new AbortController();
  /** The endpoint to try next. */
  #next = 0;
  #connection: GrpcConnection | undefined;
  #dialing: Promise<GrpcConnection> | undefined;
  /** Rounds over all endpoints that have failed since one worked. */
  #failures = 0;
  /** Why the endpoints could not be used, when they were last tried. */
  #reasons = 'no endpoint answered in time';
  #token: string | undefined;
  #authenticating: Promise<void> | undefined;

  constructor(options: EtcdClientOptions) {
    this.#options = options;
    this.#endpoints = options.endpoints.map(parseEndpoint);
    if (this.#endpoints.length === 0) throw new TypeError('endpoints: at least one is needed');
  }

  /** Whether there is a connection that works, as far as is known. */
  get connected(): boolean {
    return this.#connection !== undefined && !this.#connection.gone.aborted;
  }

  async call<Request, Response>(method: EtcdMethod<Request, Response>, request: Request, options: EtcdCallOptions = {}): Promise<Response> {
    const { clock, requestTimeoutMs } = this.#options;
    const { repeatable = false, timeoutMs = requestTimeoutMs } = options;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    for (let renewals = 0; ; ) {
      const connection = this.connected ? (this.#connection as GrpcConnection) : await this.#connect(deadlineMs);
      const leftMs = Math.max(deadlineMs - clock.monotonicMs(), 1);
      // What may be repeated does not wait for one endpoint until the time is over.
      const attemptMs = repeatable && this.#endpoints.length > 1 ? Math.min(leftMs, timeoutMs / 2) : leftMs;
      try {
        return await connection.call(method, request, { timeoutMs: Math.ceil(attemptMs), token: this.#token });
      } catch (error) {
        if (!isEtcdError(error)) throw error;
        if (needsToken(error) && this.#options.user !== undefined && renewals < 2) {
          renewals += 1;
          await this.#renewToken(connection, this.#token);
          continue;
        }
        this.#judge(connection, error);
        const again = isTransient(error) && (repeatable || error.outcome === 'not done') && clock.monotonicMs() < deadlineMs;
        if (!again) throw error;
        if (connection === this.#connection) await this.#pause(BACK_OFF_MIN_MS);
      }
    }
  }

  /** Opens a stream at the endpoint that is in use. Its end may mean that the endpoint is not used any more. @throws {EtcdError} */
  async stream<Request, Response>(method: EtcdMethod<Request, Response>, handlers: StreamHandlers<Response>): Promise<GrpcStream<Request>> {
    const connection = this.connected ? (this.#connection as GrpcConnection) : await this.#connect(Infinity);
    return connection.stream(
      method,
      {
        onMessage: (message) => handlers.onMessage(message),
        onEnd: (error) => {
          this.#judge(connection, error);
          handlers.onEnd(error);
        },
      },
      this.#token,
    );
  }

  /** Moves on to another endpoint: what the current one gives is not enough. */
  leave(reason: string): void {
    this.#leave(this.#connection, reason);
  }

  /** Renews the token, if there is a user. */
  async authenticate(): Promise<void> {
    if (this.#options.user !== undefined && this.#connection !== undefined) await this.#renewToken(this.#connection, this.#token);
  }

  close(): void {
    this.#stop.abort(new EtcdError('the client is closed', { code: GRPC.cancelled, outcome: 'not done' }));
    this.#connection?.close('the client is closed');
  }

  /** Whether an endpoint is worth staying with after an error. */
  #judge(connection: GrpcConnection, error: EtcdError): void {
    if (!isTransient(error) || /too many requests/.test(error.message)) return;
    if (error.code === GRPC.deadlineExceeded && this.#endpoints.length === 1) return; // a ping finds out whether it is there
    this.#leave(connection, error.message);
  }

  #leave(connection: GrpcConnection | undefined, reason: string): void {
    if (connection === undefined || connection !== this.#connection) return;
    this.#connection = undefined;
    this.#next = (this.#endpoints.indexOf(connection.endpoint) + 1) % this.#endpoints.length;
    this.#options.logger.info('leaving an etcd endpoint', { endpoint: connection.endpoint.origin, reason });
    connection.close(reason);
  }

  async #connect(deadlineMs: number): Promise<GrpcConnection> {
    const { clock } = this.#options;
    for (;;) {
      this.#stop.signal.throwIfAborted();
      if (this.connected) return this.#connection as GrpcConnection;
      const dialing = (this.#dialing ??= this.#dial().finally(() => (this.#dialing = undefined)));
      try {
        return await this.#until(dialing, deadlineMs);
      } catch (error) {
        if (isEtcdDiverged(error) || !isEtcdError(error) || !isTransient(error) || clock.monotonicMs() >= deadlineMs) throw error;
      }
    }
  }

  /** Waits for a dial, which goes on for others when the time is over. */
  #until<T>(promise: Promise<T>, deadlineMs: number): Promise<T> {
    const { clock } = this.#options;
    if (deadlineMs === Infinity) return promise;
    return new Promise((resolve, reject) => {
      const cancel = clock.after(Math.max(deadlineMs - clock.monotonicMs(), 0), () => reject(this.#unreachable(this.#reasons)));
      promise.then(resolve, reject).finally(cancel);
    });
  }

  /** Tries every endpoint once, after a pause that grows with every round that failed. */
  async #dial(): Promise<GrpcConnection> {
    if (this.#failures > 0) await this.#pause(Math.min(BACK_OFF_MIN_MS * 2 ** (this.#failures - 1), BACK_OFF_MAX_MS));
    const reasons: string[] = [];
    let refused: EtcdError | undefined;
    for (let tried = 0; tried < this.#endpoints.length; tried += 1) {
      const endpoint = this.#endpoints[(this.#next + tried) % this.#endpoints.length] as URL;
      try {
        const connection = await this.#open(endpoint);
        this.#next = this.#endpoints.indexOf(endpoint);
        this.#failures = 0;
        this.#connection = connection;
        return connection;
      } catch (error) {
        if (!isEtcdError(error)) throw error;
        if (!isTransient(error)) refused = error;
        reasons.push(error.message.startsWith(endpoint.origin) ? error.message : `${endpoint.origin}: ${error.message}`);
      }
    }
    this.#failures += 1;
    this.#reasons = reasons.join('; ');
    if (refused !== undefined) throw new EtcdError(`etcd refuses: ${refused.message}`, { code: refused.code, outcome: 'not done', cause: refused });
    throw this.#unreachable(this.#reasons);
  }

  async #open(endpoint: URL): Promise<GrpcConnection> {
    const { tls, clock, dialTimeoutMs, user, check } = this.#options;
    const connection = await openConnection({ endpoint, tls, clock, timeoutMs: dialTimeoutMs, signal: this.#stop.signal });
    try {
      if (user !== undefined) await this.#renewToken(connection, this.#token);
      await check({
        call: (method, request, options) => connection.call(method, request, { timeoutMs: options?.timeoutMs ?? dialTimeoutMs, token: this.#token }),
      });
      connection.gone.throwIfAborted();
      return connection;
    } catch (error) {
      connection.close('it cannot be used');
      throw error;
    }
  }

  /** Gets another token than the one that is `stale`; callers at the same time share one request. */
  async #renewToken(connection: GrpcConnection, stale: string | undefined): Promise<void> {
    if (this.#token !== stale) return;
    await (this.#authenticating ??= this.#authenticate(connection).finally(() => (this.#authenticating = undefined)));
  }

  async #authenticate(connection: GrpcConnection): Promise<void> {
    const { user, dialTimeoutMs } = this.#options;
    if (user === undefined) return;
    try {
      const { token } = await connection.call(etcdMethods.authenticate, { name: user.name, password: user.password }, { timeoutMs: dialTimeoutMs });
      this.#token = token;
    } catch (error) {
      if (!isEtcdError(error) || !/authentication is not enabled/.test(error.message)) throw error;
      this.#token = undefined;
    }
  }

  #unreachable(why: string): EtcdError {
    return new EtcdError(`etcd cannot be reached: ${why}`, { code: GRPC.unavailable, outcome: 'not done' });
  }

  #pause(delayMs: number): Promise<void> {
    const { clock, random } = this.#options;
    return sleep(clock, delayMs * (1 + JITTER * random.next()), { signal: this.#stop.signal });
  }
}

const needsToken = (error: EtcdError): boolean =>
  error.code === GRPC.unauthenticated || /invalid auth token|auth store is old|user name is empty/.test(error.message);

/** Whether the same request may succeed at another endpoint, or later. */
function isTransient(error: EtcdError): boolean {
  if (/space exceeded|larger than max/.test(error.message)) return false;
  return [GRPC.unavailable, GRPC.deadlineExceeded, GRPC.resourceExhausted, GRPC.cancelled, GRPC.unknown].some((code) => code === error.code);
}

function parseEndpoint(text: string): URL {
  const url = URL.parse(/^https?:\/\//.test(text) ? text : `http://${text}`);
  if (url === null || url.pathname !== '/' || url.port === '') throw new TypeError(`endpoints: "${text}" is not a URL such as http://127.0.0.1:2379`);
  return url;
}
