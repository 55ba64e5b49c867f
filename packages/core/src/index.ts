// Objects
export type { Condition, Json, JsonObject, KubernetesObject, ListMeta, ManagedFieldsEntry, NamedObjectMeta, ObjectInput, ObjectKey, ObjectMeta, OwnerReference } from './object.ts';
// Kinds
export { apiVersionOf, groupResource, keyOf, parseApiVersion, toNamespacedName } from './kind.ts';
export type { Kind, NamespacedName, ObjectOf, Subresource } from './kind.ts';
export type { FieldError, FieldErrorReason, KindModel, MutableJson, Schema } from './kind-model.ts';
// Ports
export type {
  ApplyOptions, CallOptions, Client, DeepPartial, DeleteOptions, GetOptions, JsonPatchOperation, ListOptions, ObjectList, Patch, SelectionOptions, StatusDraft, WatchEvent,
  WatchOptions, WriteOptions,
} from './client.ts';
export { formatMicroTime, formatTime, parseTime, sleep, systemClock } from './clock.ts';
export type { Clock, SleepOptions, TimerOptions } from './clock.ts';
export { randomInt, seededRandom, systemRandom } from './random.ts';
export type { Random } from './random.ts';
export { randomIds, systemIds } from './ids.ts';
export type { IdSource } from './ids.ts';
export { noopLogger } from './logger.ts';
export type { LogFields, Logger } from './logger.ts';
// Errors
export { ApiError, alreadyExists, conflict, invalid, isAlreadyExists, isApiError, isConflict, isExpired, isInvalid, isNotFound, notFound } from './api-error.ts';
export type { ApiErrorOptions, ResourceName, Status, StatusCause, StatusDetails, StatusReason } from './api-error.ts';
