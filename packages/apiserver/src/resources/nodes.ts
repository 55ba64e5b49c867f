import { deepEqual, isDns1123Subdomain, isLabelValue, isQualifiedName, type FieldError, type MutableJson } from '@kybern/core';
import type { Node, NodeAddress, Taint } from '@kybern/core/kinds';
import { parseCidr } from '@kybern/netmodel/addresses';
import type { Strategy } from '../strategy.ts';
import { duplicate, forbiddenField, IMMUTABLE, invalidValue, notSupported, required } from '../validation/field-errors.ts';
import { LABEL_VALUE_MESSAGE, QUALIFIED_NAME_MESSAGE } from '../validation/names.ts';
import { nothingSeen, see } from '../validation/seen.ts';

const EFFECTS: readonly string[] = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** Nodes: register with their status. @see kubernetes v1.36 pkg/registry/core/node/strategy.go, pkg/apis/core/validation/validation.go (ValidateNode) */
export const nodeStrategy: Strategy = {
  statusOnCreate: true,
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable === true) },
  validate({ spec = {} }: Node, errors) {
    if (spec.taints !== undefined) validateTaints(spec.taints, errors);
    spec.podCIDRs?.forEach((cidr, i) => {
      if (parseCidr(cidr) === undefined)
        errors.push(invalidValue(`spec.podCIDRs[${i}]`, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'));
    });
  },
  validateUpdate: validateNodeUpdate,
  validateStatusUpdate: ({ status }: Node, _old, errors) => validateAddresses(status?.addresses ?? [], errors),
};

/** @see kubernetes v1.36 …/validation.go (ValidateNodeUpdate) */
function validateAddresses(addresses: readonly NodeAddress[], errors: FieldError[]): void {
  const seen = nothingSeen();
  addresses.forEach((address, i) => {
    if (see(seen, `${address.type} ${address.address}`)) errors.push(duplicate(`status.addresses[${i}]`, address));
  });
}

/** A node's addresses and identity are set once. @see kubernetes v1.36 …/validation.go (ValidateNodeUpdate) */
function validateNodeUpdate(object: MutableJson, old: MutableJson, errors: FieldError[]): void {
  const before = old.spec ?? {};
  const now = object.spec ?? {};
  if ((before.podCIDRs ?? []).length > 0 && !deepEqual(before.podCIDRs, now.podCIDRs))
    errors.push(forbiddenField('spec.podCIDRs', 'node updates may not change podCIDR except from "" to valid'));
  if ((before.providerID ?? '') !== '' && before.providerID !== now.providerID)
    errors.push(forbiddenField('spec.providerID', 'node updates may not change providerID except from "" to valid'));
}

function validateTaints(taints: readonly Taint[], errors: FieldError[]): void {
  const seen = nothingSeen();
  taints.forEach(({ key, value = '', effect }, i) => {
    const field = `spec.taints[${i}]`;
    if (!isQualifiedName(key)) errors.push(invalidValue(`${field}.key`, key, QUALIFIED_NAME_MESSAGE));
    if (!isLabelValue(value)) errors.push(invalidValue(`${field}.value`, value, LABEL_VALUE_MESSAGE));
    if ((effect as string) === '') errors.push(required(`${field}.effect`));
    else if (!EFFECTS.includes(effect)) errors.push(notSupported(`${field}.effect`, effect, EFFECTS));
    if (see(seen, `${effect} ${key}`))
      errors.push({
        ...duplicate(field, { key, effect }),
        message: `${duplicate(field, { key, effect }).message}: taints must be unique by key and effect pair`,
      });
  });
}

/** A driver as a CSINode lists it. */
interface Driver {
  readonly name: string;
  readonly allocatable?: unknown;
}

/** CSINodes: a driver is there once, and stays what it is. */
export const csiNodeStrategy: Strategy = {
  unconditionalUpdate: false,
  validate({ spec }, errors) {
    const drivers: readonly { readonly name: string }[] = spec?.drivers ?? [];
    const seen = nothingSeen();
    drivers.forEach(({ name }, i) => {
      if (!isDns1123Subdomain(name.toLowerCase())) errors.push(invalidValue(`spec.drivers[${i}].name`, name, 'must be a DNS subdomain'));
      if (see(seen, name)) errors.push(duplicate(`spec.drivers[${i}].name`, name));
    });
  },
  validateUpdate({ spec }, { spec: before }, errors) {
    // How many volumes a node takes may turn out later; what a driver calls the node may not.
    const withoutCount = ({ allocatable: _, ...driver }: Driver): object => driver;
    const drivers: readonly Driver[] = spec?.drivers ?? [];
    for (const old of (before?.drivers ?? []) as readonly Driver[]) {
      const now = drivers.find(({ name }) => name === old.name);
      if (now !== undefined && !deepEqual(withoutCount(now), withoutCount(old))) errors.push(invalidValue('spec.drivers', withoutCount(now), IMMUTABLE));
    }
  },
};
