// Objects
export type {
  Condition,
  Json,
  JsonObject,
  KubernetesObject,
  ListMeta,
  ManagedFieldsEntry,
  NamedObjectMeta,
  ObjectInput,
  ObjectKey,
  ObjectMeta,
  OwnerReference,
  WritableAs,
} from './object.ts';
// Kinds
export { apiVersionOf, groupResource, keyOf, parseApiVersion, toNamespacedName } from './kind.ts';
export type { Kind, NamespacedName, ObjectOf, Subresource } from './kind.ts';
export { defineKind } from './define-kind.ts';
export type { DefinedObject, KindDefinition } from './define-kind.ts';
export { customResourceDefinition } from './custom-resource-definition.ts';
export type { CustomResourceDefinitionManifest } from './custom-resource-definition.ts';
export { dynamicKind, kindsOfDefinition } from './dynamic-kind.ts';
export type { DefinedKinds, DynamicKindOptions, DynamicObject } from './dynamic-kind.ts';
export { metadataOnly } from './metadata-only.ts';
export { ownValue } from './own-value.ts';
export type { MetadataOnly } from './metadata-only.ts';
export type { Flat, InferSchema, InferSchemaInput, KindSchema, KindSchemaProperties } from './kind-schema.ts';
export type { FieldError, FieldErrorReason, KindModel, MutableJson, Schema } from './kind-model.ts';
// Ports
export type {
  ApplyOptions,
  CallOptions,
  Client,
  DeepPartial,
  DeleteOptions,
  GetOptions,
  JsonPatchOperation,
  ListOptions,
  ObjectList,
  Patch,
  SelectionOptions,
  StatusDraft,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './client.ts';
export type {
  AttachOptions,
  ByteConnection,
  ContainerOnNode,
  ContainerUsage,
  ExecOptions,
  LogOptions,
  NodeConnections,
  NodeRequest,
  NodeResponse,
  NodeUsage,
  PodOnNode,
  PodUsage,
  ProcessStreams,
  TerminalSize,
} from './node-connections.ts';
export { readText } from './pod-streams.ts';
export type { ContainerChoice, PodStreams } from './pod-streams.ts';
export { formatMicroTime, formatTime, parseTime, sleep, systemClock } from './clock.ts';
export type { Clock, SleepOptions, TimerOptions } from './clock.ts';
export { randomInt, seededRandom, systemRandom } from './random.ts';
export type { Random } from './random.ts';
export { randomIds, systemIds } from './ids.ts';
export type { IdSource } from './ids.ts';
export { noopLogger } from './logger.ts';
export type { LogFields, Logger } from './logger.ts';
// Errors
export {
  ApiError,
  alreadyExists,
  conflict,
  invalid,
  isAlreadyExists,
  isApiError,
  isConflict,
  isExpired,
  isInvalid,
  isNotFound,
  notFound,
} from './api-error.ts';
export type { ApiErrorOptions, ResourceName, Status, StatusCause, StatusDetails, StatusReason } from './api-error.ts';
// JSON data
export { cloneJson, deepEqual, deepFreeze, isJsonObject } from './json-data.ts';
// Selectors
export { compileLabelSelector, formatLabelSelector, matchesLabelSelector, parseLabelSelector } from './label-selector.ts';
export type { LabelMatcher, Labels, LabelSelector, LabelSelectorInput, LabelSelectorOperator, LabelSelectorRequirement } from './label-selector.ts';
export { compileFieldSelector, parseFieldSelector } from './field-selector.ts';
export type { FieldReader, FieldSelectorRequirement } from './field-selector.ts';
// Values
export {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  quantityToBytes,
  quantityToMillis,
  quantityToNumber,
  subtractQuantities,
} from './quantity.ts';
export type { Quantity, QuantityFormat, QuantityInput } from './quantity.ts';
export { formatAge, parseDuration } from './duration.ts';
export type { Duration } from './duration.ts';
export { isDns1035Label, isDns1123Label, isDns1123Subdomain, isLabelValue, isQualifiedName, nameProblems } from './names.ts';
export type { NameFormat } from './names.ts';
// Relations and conditions
export { condition, getCondition, isConditionTrue, stampConditions } from './conditions.ts';
export type { Conditioned, ConditionOf, ConditionOptions } from './conditions.ts';
export { controllerOf, isControlledBy, ownerReference } from './owner-reference.ts';
export type { OwnerReferenceOptions } from './owner-reference.ts';
// Patches
export { applyJsonPatch } from './json-patch.ts';
export { createJsonPatch } from './json-patch-diff.ts';
export { applyMergePatch, createMergePatch } from './merge-patch.ts';
export { applyStrategicMergePatch } from './strategic-merge-patch.ts';
export { createThreeWayPatch } from './three-way-patch.ts';
export type { ThreeWayInput } from './three-way-patch.ts';
export { applyClientSide, LAST_APPLIED_ANNOTATION } from './client-side-apply.ts';
export type { ClientSideApplyInput, ClientSideApplyResult } from './client-side-apply.ts';
// For implementations of Client
export { createMutations } from './mutations.ts';
export type { Mutations } from './mutations.ts';
export { toObjectList } from './object-list.ts';
