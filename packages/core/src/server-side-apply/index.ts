export { applyFields } from './apply.ts';
export type { ApplyConflict, ApplyInput, ApplyResult } from './apply.ts';
export { unfitApply } from './check-applied.ts';
export { applyConflictError } from './conflict-error.ts';
export { addChange, enterChange, ownershipChange, updateManagers } from './update.ts';
export type { OwnershipChange, UpdateInput, WrittenFields } from './update.ts';
export { formatManagedFields, isSameOwnership, managedFieldsText, parseManagedFields } from './managers.ts';
export type { Manager, ManagerId } from './managers.ts';
export { fieldTypeOf } from './field-type.ts';
export type { FieldPlace, FieldType, ListIdentity, ListKey } from './field-type.ts';
export { fieldsOf } from './fields-of.ts';
export { createOutlines } from './outlines.ts';
export type { Outlines } from './outlines.ts';
export { compareFields } from './compare-fields.ts';
export type { Comparison } from './compare-fields.ts';
export { mergeFields } from './merge-fields.ts';
export {
  difference,
  differenceWithBelow,
  equalSets,
  fieldSetOf,
  fieldsV1Text,
  formatFieldsV1,
  hasPath,
  intersection,
  isEmptySet,
  NO_FIELDS,
  parseFieldsV1,
  pathsOf,
  setOf,
  union,
} from './field-set.ts';
export type { FieldSet } from './field-set.ts';
export { formatFieldSetPath } from './path-element.ts';
