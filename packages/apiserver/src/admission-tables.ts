import type { KubernetesObject } from '@kybern/core';
import type { IngressClass, LimitRange, ResourceQuota, RuntimeClass, ServiceAccount, StorageClass } from '@kybern/core/kinds';
import type { StateStore } from '@kybern/state';
import { createObjectTable, type ObjectTable } from './object-table.ts';

/** What admission looks at with every write: read at once, and followed from the first look on. */
export interface AdmissionTables {
  readonly limitRanges: ObjectTable<LimitRange>;
  readonly resourceQuotas: ObjectTable<ResourceQuota>;
  readonly serviceAccounts: ObjectTable<ServiceAccount>;
  readonly storageClasses: ObjectTable<StorageClass>;
  readonly ingressClasses: ObjectTable<IngressClass>;
  readonly runtimeClasses: ObjectTable<RuntimeClass>;
  /** Lets go of the store. */
  close(): void;
}

/** Makes {@link AdmissionTables} over a store. */
export function createAdmissionTables(state: StateStore): AdmissionTables {
  const table = <T extends KubernetesObject>(resource: string): ObjectTable<T> => createObjectTable<T>(state, `/registry/${resource}/`);
  const tables = {
    limitRanges: table<LimitRange>('core/limitranges'),
    resourceQuotas: table<ResourceQuota>('core/resourcequotas'),
    serviceAccounts: table<ServiceAccount>('core/serviceaccounts'),
    storageClasses: table<StorageClass>('storage.k8s.io/storageclasses'),
    ingressClasses: table<IngressClass>('networking.k8s.io/ingressclasses'),
    runtimeClasses: table<RuntimeClass>('node.k8s.io/runtimeclasses'),
  };
  return {
    ...tables,
    close() {
      for (const each of Object.values(tables)) each.close();
    },
  };
}
