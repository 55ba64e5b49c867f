export { networkPolicyCases } from './policy-cases.ts';
export type { PolicyCase } from './policy-cases.ts';
export { caseAddress, caseEnds, caseNamespaces, casePods, CASE_NAMESPACES, CASE_PODS, CASE_PORTS } from './policy-cluster.ts';
