import { sleep } from '@kybern/core';
import type { Container, LifecycleHandler, Pod } from '@kybern/core/kinds';
import type { KubeletContext } from './context.ts';
import { resolvePort } from './ports.ts';

/** What a hook is about. */
export interface HookTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
}

/** How long an HTTP hook may take. The CRI has no limit for a command's. */
const HTTP_TIMEOUT_MS = 30_000;

/**
 * Runs a lifecycle hook to its end.
 *
 * @throws {Error} when it fails, saying how
 * @see kubernetes v1.36 pkg/kubelet/lifecycle/handlers.go
 */
export async function runHook(
  context: KubeletContext,
  handler: LifecycleHandler,
  { target, signal }: { readonly target: HookTarget; readonly signal: AbortSignal },
): Promise<void> {
  if (handler.exec !== undefined) await runCommandHook(context, handler.exec.command ?? [], { target, signal });
  else if (handler.httpGet !== undefined) await runHttpHook(context, handler.httpGet, { target, signal });
  else if (handler.sleep !== undefined) await sleep(context.clock, handler.sleep.seconds * 1000, { signal });
}

interface HookCall {
  readonly target: HookTarget;
  readonly signal: AbortSignal;
}

async function runCommandHook(context: KubeletContext, cmd: readonly string[], { target, signal }: HookCall): Promise<void> {
  const { exitCode, stderr } = await context.runtime.execSync({ containerId: target.containerId, cmd }, { signal });
  if (exitCode !== 0) throw new Error(`command '${cmd.join(' ')}' exited with ${exitCode}: ${new TextDecoder().decode(stderr).slice(0, 1024)}`);
}

async function runHttpHook(context: KubeletContext, action: NonNullable<LifecycleHandler['httpGet']>, { target, signal }: HookCall): Promise<void> {
  const { pod, container, containerId } = target;
  const host = action.host ?? context.cache.get(pod.metadata.uid ?? '').sandboxes[0]?.ips[0] ?? context.hostIPs[0] ?? '127.0.0.1';
  const request = {
    type: 'http',
    scheme: action.scheme ?? 'HTTP',
    host,
    port: resolvePort(container, action.port),
    path: action.path ?? '/',
    headers: action.httpHeaders ?? [],
    timeoutMs: HTTP_TIMEOUT_MS,
    containerId,
  } as const;
  const { ok, output } = await context.prober.probe(request, { signal });
  if (!ok) throw new Error(output);
}
