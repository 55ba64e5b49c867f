import type * as cri from './generated/cri.ts';
import { Observable } from './internal/rx.ts';
import type { ContainerRuntime } from './runtime.ts';

/** The label by which a scope knows what is its own. */
const SCOPE_LABEL = 'kybern.dev/scope';

type Labels = Readonly<Record<string, string>>;

/**
 * A part of a runtime that others use, too: it lists the sandboxes and containers that were made through it, or through an earlier scope of the same name, and no others, and tells only of their events. So
 * a kubelet never takes those of another for orphans.
 *
 * Images are shared.
 *
 * @param scope a label's value
 */
export function createScopedRuntime(runtime: ContainerRuntime, scope: string): ContainerRuntime {
  const marked = (labels: Labels | undefined): Labels => ({ ...labels, [SCOPE_LABEL]: scope });
  const within = <T extends { readonly labelSelector?: Labels }>(filter: T | undefined): T & { labelSelector: Labels } =>
    ({ ...filter, labelSelector: marked(filter?.labelSelector) }) as T & { labelSelector: Labels };
  const overrides: Partial<ContainerRuntime> = {
    runPodSandbox: (request, options) => runtime.runPodSandbox({ ...request, config: { ...request.config, labels: marked(request.config.labels) } }, options),
    createContainer: (request, options) =>
      runtime.createContainer(
        {
          ...request,
          config: { ...request.config, labels: marked(request.config.labels) },
          sandboxConfig: { ...request.sandboxConfig, labels: marked(request.sandboxConfig.labels) },
        },
        options,
      ),
    listPodSandbox: ({ filter }, options) => runtime.listPodSandbox({ filter: within(filter) }, options),
    listContainers: ({ filter }, options) => runtime.listContainers({ filter: within(filter) }, options),
    // Others may need them: whoever collects garbage is to leave them alone.
    async listImages(request, options) {
      const { images } = await runtime.listImages(request, options);
      return { images: images.map((image) => ({ ...image, pinned: true })) };
    },
    listContainerStats: ({ filter }, options) => runtime.listContainerStats({ filter: within(filter) }, options),
    listPodSandboxStats: ({ filter }, options) => runtime.listPodSandboxStats({ filter: within(filter) }, options),
  };
  const events$ = new Observable<cri.ContainerEventResponse>((subscriber) =>
    runtime.events$.subscribe({
      next: (event) => {
        if (event.podSandboxStatus?.labels[SCOPE_LABEL] === scope) subscriber.next(event);
      },
      complete: () => subscriber.complete(),
    }),
  );
  // Whatever else the runtime has is handed on as it is.
  return new Proxy(runtime, {
    get(target, key): unknown {
      if (key === 'events$') return events$;
      if (Object.hasOwn(overrides, key)) return overrides[key as keyof ContainerRuntime];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? ((value as (...args: unknown[]) => unknown).bind(target) as unknown) : value;
    },
  });
}
