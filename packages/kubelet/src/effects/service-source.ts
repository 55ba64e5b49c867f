import type { Client, Clock, Logger, Random } from '@kybern/core';
import { Service, type Pod } from '@kybern/core/kinds';
import { createInformer, type Informer } from '@kybern/reconcile';
import { computeServiceVariables } from '../decisions/service-environment.ts';

/** How long a container waits for the first list of Services. */
const PATIENCE_MS = 10_000;
const BY_NAMESPACE = 'namespace';

/** What {@link ServiceSource} works with. */
export interface ServiceSourceDeps {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The Services that containers are told of, kept up to date by a watch. */
export class ServiceSource {
  readonly #informer: Informer<Service>;
  readonly #clock: Clock;

  constructor(deps: ServiceSourceDeps) {
    this.#clock = deps.clock;
    this.#informer = createInformer({ ...deps, kind: Service, indexes: { [BY_NAMESPACE]: ({ metadata }) => [metadata.namespace ?? 'default'] } });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#informer.run(signal);
  }

  /** The variables of a Pod's containers. @throws {Error} in Kubernetes' words, when the Services cannot be read in time */
  async variables(pod: Pod): Promise<ReadonlyMap<string, string>> {
    if (!this.#informer.hasSynced) await this.#untilSynced();
    const { namespace = 'default' } = pod.metadata;
    const namespaces = namespace === 'default' ? [namespace] : [namespace, 'default'];
    return computeServiceVariables(
      pod,
      namespaces.flatMap((each) => [...this.#informer.by(BY_NAMESPACE, each)]),
    );
  }

  #untilSynced(): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(PATIENCE_MS, () => reject(new Error('services have not yet been read at least once, cannot construct envvars')));
      this.#informer.synced.then(resolve, reject).finally(cancel);
    });
  }
}
