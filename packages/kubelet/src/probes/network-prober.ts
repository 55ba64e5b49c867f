import type { CallOptions, Clock } from '@kybern/core';
import type { ProbeAnswer, Prober, ProbeRequest } from '@kybern/runtime-cri';

/**
 * Reaches the ports of Pods through the machine's network. HTTPS certificates are not checked, as Kubernetes does not; redirects count as success.
 *
 * @see kubernetes v1.36 pkg/probe/http/http.go, pkg/probe/tcp/tcp.go, pkg/probe/grpc/grpc.go
 */
export function createNetworkProber(clock: Clock): Prober {
  return {
    async probe(request, options) {
      options?.signal?.throwIfAborted();
      return within(clock, request, options);
    },
  };
}

/** A probe that takes too long has failed. */
async function within(clock: Clock, request: ProbeRequest, options: CallOptions = {}): Promise<ProbeAnswer> {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(options.signal?.reason);
  options.signal?.addEventListener('abort', onAbort, { once: true });
  let timedOut = false;
  const cancel = clock.after(request.timeoutMs, () => {
    timedOut = true;
    controller.abort();
  });
  try {
    // Node's network modules are loaded when there is a network to ask: simulated nodes have none.
    const { ask } = await import('./network-calls.ts');
    return await ask(request, controller.signal);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (timedOut) return { ok: false, output: `timed out after ${request.timeoutMs / 1000}s` };
    return { ok: false, output: error instanceof Error ? error.message : String(error) };
  } finally {
    cancel();
    options.signal?.removeEventListener('abort', onAbort);
  }
}
