import type { AdmissionPlugin } from './admission.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { priority } from './priority.ts';
import { serviceAccount } from './service-account.ts';

/** The admission chain in Kubernetes' order. @see kubernetes v1.36 pkg/kubeapiserver/options/plugins.go (AllOrderedPlugins) */
export function defaultAdmission(): readonly AdmissionPlugin[] {
  return [namespaceLifecycle, serviceAccount, priority, defaultTolerationSeconds];
}
