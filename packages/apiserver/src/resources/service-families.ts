import { deepEqual, invalid, type FieldError, type MutableJson } from '@kybern/core';
import { Service } from '@kybern/core/kinds';
import { parseIp, type IpFamily } from '@kybern/netmodel/addresses';
import { invalidValue } from '../validation/field-errors.ts';

const HEADLESS = 'None';
const OTHER: Readonly<Record<string, IpFamily>> = { IPv4: 'IPv6', IPv6: 'IPv4' };

/** Whether a Service has neither an address nor Pods that it selects: what it stands for is up to whoever writes its endpoints. */
export function isFree({ clusterIP, selector }: MutableJson): boolean {
  return clusterIP === HEADLESS && Object.keys(selector ?? {}).length === 0;
}

/**
 * Fills in the address families of a Service and how many of them it takes.
 *
 * @param families those that the cluster has, the first being the default
 * @see kubernetes v1.36 pkg/registry/core/service/storage/alloc.go (initIPFamilyFields)
 */
export function initFamilies(spec: MutableJson, families: readonly IpFamily[]): void {
  const free = isFree(spec);
  spec.ipFamilyPolicy ??= free ? 'RequireDualStack' : 'SingleStack';
  const given: unknown[] = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : [];
  const addresses: unknown[] = Array.isArray(spec.clusterIPs) ? spec.clusterIPs : [];
  const ofAddresses = addresses.map(familyOf);
  const known = [...given, ...ofAddresses.slice(given.length).filter((family) => family !== undefined)];
  const all = known.length === 0 ? [families[0]] : known;
  const [first] = all;
  const both = spec.ipFamilyPolicy !== 'SingleStack' && all.length === 1 && (free || families.length > 1);
  const other = typeof first === 'string' ? OTHER[first] : undefined;
  spec.ipFamilies = both && other !== undefined ? [first, other] : all;
}

function familyOf(ip: unknown): IpFamily | undefined {
  return typeof ip === 'string' ? parseIp(ip)?.family : undefined;
}

/** An update that leaves the families out means to keep them; one that takes a single family lets go of the second. @see …/alloc.go (trimFieldsForDualStackDowngrade) */
export function keepFamilies(spec: MutableJson, old: MutableJson): void {
  spec.ipFamilyPolicy ??= old.ipFamilyPolicy;
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = old.ipFamilies;
  if (spec.ipFamilyPolicy !== 'SingleStack' || old.ipFamilyPolicy === 'SingleStack') return;
  for (const name of ['clusterIPs', 'ipFamilies']) {
    if (Array.isArray(spec[name]) && spec[name].length > 1 && deepEqual(spec[name], old[name])) spec[name] = spec[name].slice(0, 1);
  }
}

/** Checks that the cluster has the families that a Service asks for. @throws {ApiError} `Invalid` */
export function checkFamilies({ spec, metadata }: MutableJson, families: readonly IpFamily[]): void {
  if (spec.type === 'ExternalName' || isFree(spec)) return;
  const errors: FieldError[] = [];
  if (spec.ipFamilyPolicy === 'RequireDualStack' && families.length < 2)
    errors.push(invalidValue('spec.ipFamilyPolicy', spec.ipFamilyPolicy, 'this cluster is not configured for dual-stack services'));
  const asked: readonly unknown[] = Array.isArray(spec.ipFamilies) ? spec.ipFamilies : [];
  asked.forEach((family, i) => {
    if ((family === 'IPv4' || family === 'IPv6') && !families.includes(family))
      errors.push(invalidValue(`spec.ipFamilies[${i}]`, family, 'not configured on this cluster'));
  });
  if (errors.length > 0) throw invalid(Service, typeof metadata.name === 'string' ? metadata.name : '', errors);
}
