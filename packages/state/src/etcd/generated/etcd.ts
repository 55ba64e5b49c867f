// Made by scripts/generate-etcd.ts from data/etcd-table.txt. Do not edit.
//
// The API of etcd v3. Identifiers are `bigint`, all other integers `number`: revisions and counts stay far below 2^53.
import type { ProtoReader } from '../internal/proto-reader.ts';
import type { ProtoWriter } from '../internal/proto-writer.ts';

/** One method of one service: where it is, and how what it takes and gives is written. */
export interface EtcdMethod<Request, Response> {
  readonly path: string;
  readonly encode: (writer: ProtoWriter, request: Request) => void;
  readonly decode: (reader: ProtoReader, end: number) => Response;
}

/** etcd enum `AlarmRequest.AlarmAction`. */
export type AlarmRequestAlarmAction = 'GET' | 'ACTIVATE' | 'DEACTIVATE';

const AlarmRequestAlarmActionNumbers: Readonly<Record<AlarmRequestAlarmAction, number>> = { GET: 0, ACTIVATE: 1, DEACTIVATE: 2 };

/** etcd enum `AlarmType`. */
export type AlarmType = 'NONE' | 'NOSPACE' | 'CORRUPT';

const AlarmTypeNumbers: Readonly<Record<AlarmType, number>> = { NONE: 0, NOSPACE: 1, CORRUPT: 2 };

const AlarmTypeNames: Readonly<Record<number, AlarmType>> = { 0: 'NONE', 1: 'NOSPACE', 2: 'CORRUPT' };

/** etcd enum `Compare.CompareResult`. */
export type CompareCompareResult = 'EQUAL' | 'GREATER' | 'LESS' | 'NOT_EQUAL';

const CompareCompareResultNumbers: Readonly<Record<CompareCompareResult, number>> = { EQUAL: 0, GREATER: 1, LESS: 2, NOT_EQUAL: 3 };

/** etcd enum `Compare.CompareTarget`. */
export type CompareCompareTarget = 'VERSION' | 'CREATE' | 'MOD' | 'VALUE' | 'LEASE';

const CompareCompareTargetNumbers: Readonly<Record<CompareCompareTarget, number>> = { VERSION: 0, CREATE: 1, MOD: 2, VALUE: 3, LEASE: 4 };

/** etcd enum `Event.EventType`. */
export type EventEventType = 'PUT' | 'DELETE';

const EventEventTypeNames: Readonly<Record<number, EventEventType>> = { 0: 'PUT', 1: 'DELETE' };

/** etcd enum `RangeRequest.SortOrder`. */
export type RangeRequestSortOrder = 'NONE' | 'ASCEND' | 'DESCEND';

const RangeRequestSortOrderNumbers: Readonly<Record<RangeRequestSortOrder, number>> = { NONE: 0, ASCEND: 1, DESCEND: 2 };

/** etcd enum `RangeRequest.SortTarget`. */
export type RangeRequestSortTarget = 'KEY' | 'VERSION' | 'CREATE' | 'MOD' | 'VALUE';

const RangeRequestSortTargetNumbers: Readonly<Record<RangeRequestSortTarget, number>> = { KEY: 0, VERSION: 1, CREATE: 2, MOD: 3, VALUE: 4 };

/** etcd enum `WatchCreateRequest.FilterType`. */
export type WatchCreateRequestFilterType = 'NOPUT' | 'NODELETE';

const WatchCreateRequestFilterTypeNumbers: Readonly<Record<WatchCreateRequestFilterType, number>> = { NOPUT: 0, NODELETE: 1 };

const NO_BYTES = new Uint8Array(0);

/** etcd message `AlarmMember`. */
export interface AlarmMember {
  readonly memberId: bigint;
  readonly alarm: AlarmType;
}

function decodeAlarmMember(reader: ProtoReader, end: number): AlarmMember {
  let memberId: bigint = 0n;
  let alarm: AlarmType = 'NONE';
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: memberId = reader.wide(false); break;
      case 2: alarm = AlarmTypeNames[reader.integer()] ?? 'NONE'; break;
      default: reader.skip();
    }
  }
  return { memberId, alarm };
}

/** etcd message `AlarmRequest`. */
export interface AlarmRequest {
  readonly action?: AlarmRequestAlarmAction | undefined;
  readonly memberId?: bigint | undefined;
  readonly alarm?: AlarmType | undefined;
}

function encodeAlarmRequest(writer: ProtoWriter, message: AlarmRequest): void {
  if (message.alarm !== undefined) writer.integer(3, AlarmTypeNumbers[message.alarm]);
  if (message.memberId !== undefined && message.memberId !== 0n) writer.wide(2, message.memberId);
  if (message.action !== undefined) writer.integer(1, AlarmRequestAlarmActionNumbers[message.action]);
}

/** etcd message `AlarmResponse`. */
export interface AlarmResponse {
  readonly header?: ResponseHeader | undefined;
  readonly alarms: readonly AlarmMember[];
}

function decodeAlarmResponse(reader: ProtoReader, end: number): AlarmResponse {
  let header: ResponseHeader | undefined = undefined;
  const alarms: AlarmMember[] = [];
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: alarms.push(decodeAlarmMember(reader, reader.message())); break;
      default: reader.skip();
    }
  }
  return { header, alarms };
}

/** etcd message `AuthenticateRequest`. */
export interface AuthenticateRequest {
  readonly name?: string | undefined;
  readonly password?: string | undefined;
}

function encodeAuthenticateRequest(writer: ProtoWriter, message: AuthenticateRequest): void {
  if (message.password !== undefined && message.password !== '') writer.string(2, message.password);
  if (message.name !== undefined && message.name !== '') writer.string(1, message.name);
}

/** etcd message `AuthenticateResponse`. */
export interface AuthenticateResponse {
  readonly header?: ResponseHeader | undefined;
  readonly token: string;
}

function decodeAuthenticateResponse(reader: ProtoReader, end: number): AuthenticateResponse {
  let header: ResponseHeader | undefined = undefined;
  let token: string = '';
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: token = reader.string(); break;
      default: reader.skip();
    }
  }
  return { header, token };
}

/** etcd message `CompactionRequest`. */
export interface CompactionRequest {
  readonly revision?: number | undefined;
  readonly physical?: boolean | undefined;
}

function encodeCompactionRequest(writer: ProtoWriter, message: CompactionRequest): void {
  if (message.physical !== undefined && message.physical !== false) writer.bool(2, message.physical);
  if (message.revision !== undefined && message.revision !== 0) writer.integer(1, message.revision);
}

/** etcd message `CompactionResponse`. */
export interface CompactionResponse {
  readonly header?: ResponseHeader | undefined;
}

function decodeCompactionResponse(reader: ProtoReader, end: number): CompactionResponse {
  let header: ResponseHeader | undefined = undefined;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      default: reader.skip();
    }
  }
  return { header };
}

/** etcd message `Compare`. */
export interface Compare {
  readonly result?: CompareCompareResult | undefined;
  readonly target?: CompareCompareTarget | undefined;
  readonly key?: Uint8Array | undefined;
  readonly version?: number | undefined;
  readonly createRevision?: number | undefined;
  readonly modRevision?: number | undefined;
  readonly value?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
}

function encodeCompare(writer: ProtoWriter, message: Compare): void {
  if (message.rangeEnd !== undefined) writer.bytes(64, message.rangeEnd);
  if (message.lease !== undefined) writer.wide(8, message.lease);
  if (message.value !== undefined) writer.bytes(7, message.value);
  if (message.modRevision !== undefined) writer.integer(6, message.modRevision);
  if (message.createRevision !== undefined) writer.integer(5, message.createRevision);
  if (message.version !== undefined) writer.integer(4, message.version);
  if (message.key !== undefined) writer.bytes(3, message.key);
  if (message.target !== undefined) writer.integer(2, CompareCompareTargetNumbers[message.target]);
  if (message.result !== undefined) writer.integer(1, CompareCompareResultNumbers[message.result]);
}

/** etcd message `DefragmentRequest`. */
export type DefragmentRequest = Readonly<Record<string, never>>;

function encodeDefragmentRequest(_writer: ProtoWriter, _message: DefragmentRequest): void {

}

/** etcd message `DefragmentResponse`. */
export interface DefragmentResponse {
  readonly header?: ResponseHeader | undefined;
}

function decodeDefragmentResponse(reader: ProtoReader, end: number): DefragmentResponse {
  let header: ResponseHeader | undefined = undefined;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      default: reader.skip();
    }
  }
  return { header };
}

/** etcd message `DeleteRangeRequest`. */
export interface DeleteRangeRequest {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly prevKv?: boolean | undefined;
}

function encodeDeleteRangeRequest(writer: ProtoWriter, message: DeleteRangeRequest): void {
  if (message.prevKv !== undefined && message.prevKv !== false) writer.bool(3, message.prevKv);
  if (message.rangeEnd !== undefined) writer.bytes(2, message.rangeEnd);
  if (message.key !== undefined) writer.bytes(1, message.key);
}

/** etcd message `DeleteRangeResponse`. */
export interface DeleteRangeResponse {
  readonly header?: ResponseHeader | undefined;
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

function decodeDeleteRangeResponse(reader: ProtoReader, end: number): DeleteRangeResponse {
  let header: ResponseHeader | undefined = undefined;
  let deleted: number = 0;
  const prevKvs: KeyValue[] = [];
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: deleted = reader.integer(); break;
      case 3: prevKvs.push(decodeKeyValue(reader, reader.message())); break;
      default: reader.skip();
    }
  }
  return { header, deleted, prevKvs };
}

/** etcd message `Event`. */
export interface Event {
  readonly type: EventEventType;
  readonly kv?: KeyValue | undefined;
  readonly prevKv?: KeyValue | undefined;
}

function decodeEvent(reader: ProtoReader, end: number): Event {
  let type: EventEventType = 'PUT';
  let kv: KeyValue | undefined = undefined;
  let prevKv: KeyValue | undefined = undefined;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: type = EventEventTypeNames[reader.integer()] ?? 'PUT'; break;
      case 2: kv = decodeKeyValue(reader, reader.message()); break;
      case 3: prevKv = decodeKeyValue(reader, reader.message()); break;
      default: reader.skip();
    }
  }
  return { type, kv, prevKv };
}

/** etcd message `KeyValue`. */
export interface KeyValue {
  readonly key: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly version: number;
  readonly value: Uint8Array;
  readonly lease: bigint;
}

function decodeKeyValue(reader: ProtoReader, end: number): KeyValue {
  let key: Uint8Array = NO_BYTES;
  let createRevision: number = 0;
  let modRevision: number = 0;
  let version: number = 0;
  let value: Uint8Array = NO_BYTES;
  let lease: bigint = 0n;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: key = reader.bytes(); break;
      case 2: createRevision = reader.integer(); break;
      case 3: modRevision = reader.integer(); break;
      case 4: version = reader.integer(); break;
      case 5: value = reader.bytes(); break;
      case 6: lease = reader.wide(true); break;
      default: reader.skip();
    }
  }
  return { key, createRevision, modRevision, version, value, lease };
}

/** etcd message `LeaseGrantRequest`. */
export interface LeaseGrantRequest {
  readonly ttl?: number | undefined;
  readonly id?: bigint | undefined;
}

function encodeLeaseGrantRequest(writer: ProtoWriter, message: LeaseGrantRequest): void {
  if (message.id !== undefined && message.id !== 0n) writer.wide(2, message.id);
  if (message.ttl !== undefined && message.ttl !== 0) writer.integer(1, message.ttl);
}

/** etcd message `LeaseGrantResponse`. */
export interface LeaseGrantResponse {
  readonly header?: ResponseHeader | undefined;
  readonly id: bigint;
  readonly ttl: number;
  readonly error: string;
}

function decodeLeaseGrantResponse(reader: ProtoReader, end: number): LeaseGrantResponse {
  let header: ResponseHeader | undefined = undefined;
  let id: bigint = 0n;
  let ttl: number = 0;
  let error: string = '';
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: id = reader.wide(true); break;
      case 3: ttl = reader.integer(); break;
      case 4: error = reader.string(); break;
      default: reader.skip();
    }
  }
  return { header, id, ttl, error };
}

/** etcd message `LeaseKeepAliveRequest`. */
export interface LeaseKeepAliveRequest {
  readonly id?: bigint | undefined;
}

function encodeLeaseKeepAliveRequest(writer: ProtoWriter, message: LeaseKeepAliveRequest): void {
  if (message.id !== undefined && message.id !== 0n) writer.wide(1, message.id);
}

/** etcd message `LeaseKeepAliveResponse`. */
export interface LeaseKeepAliveResponse {
  readonly header?: ResponseHeader | undefined;
  readonly id: bigint;
  readonly ttl: number;
}

function decodeLeaseKeepAliveResponse(reader: ProtoReader, end: number): LeaseKeepAliveResponse {
  let header: ResponseHeader | undefined = undefined;
  let id: bigint = 0n;
  let ttl: number = 0;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: id = reader.wide(true); break;
      case 3: ttl = reader.integer(); break;
      default: reader.skip();
    }
  }
  return { header, id, ttl };
}

/** etcd message `LeaseLeasesRequest`. */
export type LeaseLeasesRequest = Readonly<Record<string, never>>;

function encodeLeaseLeasesRequest(_writer: ProtoWriter, _message: LeaseLeasesRequest): void {

}

/** etcd message `LeaseLeasesResponse`. */
export interface LeaseLeasesResponse {
  readonly header?: ResponseHeader | undefined;
  readonly leases: readonly LeaseStatus[];
}

function decodeLeaseLeasesResponse(reader: ProtoReader, end: number): LeaseLeasesResponse {
  let header: ResponseHeader | undefined = undefined;
  const leases: LeaseStatus[] = [];
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: leases.push(decodeLeaseStatus(reader, reader.message())); break;
      default: reader.skip();
    }
  }
  return { header, leases };
}

/** etcd message `LeaseRevokeRequest`. */
export interface LeaseRevokeRequest {
  readonly id?: bigint | undefined;
}

function encodeLeaseRevokeRequest(writer: ProtoWriter, message: LeaseRevokeRequest): void {
  if (message.id !== undefined && message.id !== 0n) writer.wide(1, message.id);
}

/** etcd message `LeaseRevokeResponse`. */
export interface LeaseRevokeResponse {
  readonly header?: ResponseHeader | undefined;
}

function decodeLeaseRevokeResponse(reader: ProtoReader, end: number): LeaseRevokeResponse {
  let header: ResponseHeader | undefined = undefined;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      default: reader.skip();
    }
  }
  return { header };
}

/** etcd message `LeaseStatus`. */
export interface LeaseStatus {
  readonly id: bigint;
}

function decodeLeaseStatus(reader: ProtoReader, end: number): LeaseStatus {
  let id: bigint = 0n;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: id = reader.wide(true); break;
      default: reader.skip();
    }
  }
  return { id };
}

/** etcd message `LeaseTimeToLiveRequest`. */
export interface LeaseTimeToLiveRequest {
  readonly id?: bigint | undefined;
  readonly keys?: boolean | undefined;
}

function encodeLeaseTimeToLiveRequest(writer: ProtoWriter, message: LeaseTimeToLiveRequest): void {
  if (message.keys !== undefined && message.keys !== false) writer.bool(2, message.keys);
  if (message.id !== undefined && message.id !== 0n) writer.wide(1, message.id);
}

/** etcd message `LeaseTimeToLiveResponse`. */
export interface LeaseTimeToLiveResponse {
  readonly header?: ResponseHeader | undefined;
  readonly id: bigint;
  readonly ttl: number;
  readonly grantedTtl: number;
  readonly keys: readonly Uint8Array[];
}

function decodeLeaseTimeToLiveResponse(reader: ProtoReader, end: number): LeaseTimeToLiveResponse {
  let header: ResponseHeader | undefined = undefined;
  let id: bigint = 0n;
  let ttl: number = 0;
  let grantedTtl: number = 0;
  const keys: Uint8Array[] = [];
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: id = reader.wide(true); break;
      case 3: ttl = reader.integer(); break;
      case 4: grantedTtl = reader.integer(); break;
      case 5: keys.push(reader.bytes()); break;
      default: reader.skip();
    }
  }
  return { header, id, ttl, grantedTtl, keys };
}

/** etcd message `Member`. */
export interface Member {
  readonly id: bigint;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

function decodeMember(reader: ProtoReader, end: number): Member {
  let id: bigint = 0n;
  let name: string = '';
  const peerUrls: string[] = [];
  const clientUrls: string[] = [];
  let isLearner: boolean = false;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: id = reader.wide(false); break;
      case 2: name = reader.string(); break;
      case 3: peerUrls.push(reader.string()); break;
      case 4: clientUrls.push(reader.string()); break;
      case 5: isLearner = reader.integer() !== 0; break;
      default: reader.skip();
    }
  }
  return { id, name, peerUrls, clientUrls, isLearner };
}

/** etcd message `MemberListRequest`. */
export interface MemberListRequest {
  readonly linearizable?: boolean | undefined;
}

function encodeMemberListRequest(writer: ProtoWriter, message: MemberListRequest): void {
  if (message.linearizable !== undefined && message.linearizable !== false) writer.bool(1, message.linearizable);
}

/** etcd message `MemberListResponse`. */
export interface MemberListResponse {
  readonly header?: ResponseHeader | undefined;
  readonly members: readonly Member[];
}

function decodeMemberListResponse(reader: ProtoReader, end: number): MemberListResponse {
  let header: ResponseHeader | undefined = undefined;
  const members: Member[] = [];
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: members.push(decodeMember(reader, reader.message())); break;
      default: reader.skip();
    }
  }
  return { header, members };
}

/** etcd message `PutRequest`. */
export interface PutRequest {
  readonly key?: Uint8Array | undefined;
  readonly value?: Uint8Array | undefined;
  readonly lease?: bigint | undefined;
  readonly prevKv?: boolean | undefined;
  readonly ignoreValue?: boolean | undefined;
  readonly ignoreLease?: boolean | undefined;
}

function encodePutRequest(writer: ProtoWriter, message: PutRequest): void {
  if (message.ignoreLease !== undefined && message.ignoreLease !== false) writer.bool(6, message.ignoreLease);
  if (message.ignoreValue !== undefined && message.ignoreValue !== false) writer.bool(5, message.ignoreValue);
  if (message.prevKv !== undefined && message.prevKv !== false) writer.bool(4, message.prevKv);
  if (message.lease !== undefined && message.lease !== 0n) writer.wide(3, message.lease);
  if (message.value !== undefined) writer.bytes(2, message.value);
  if (message.key !== undefined) writer.bytes(1, message.key);
}

/** etcd message `PutResponse`. */
export interface PutResponse {
  readonly header?: ResponseHeader | undefined;
  readonly prevKv?: KeyValue | undefined;
}

function decodePutResponse(reader: ProtoReader, end: number): PutResponse {
  let header: ResponseHeader | undefined = undefined;
  let prevKv: KeyValue | undefined = undefined;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: prevKv = decodeKeyValue(reader, reader.message()); break;
      default: reader.skip();
    }
  }
  return { header, prevKv };
}

/** etcd message `RangeRequest`. */
export interface RangeRequest {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly limit?: number | undefined;
  readonly revision?: number | undefined;
  readonly sortOrder?: RangeRequestSortOrder | undefined;
  readonly sortTarget?: RangeRequestSortTarget | undefined;
  readonly serializable?: boolean | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  readonly minModRevision?: number | undefined;
  readonly maxModRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
}

function encodeRangeRequest(writer: ProtoWriter, message: RangeRequest): void {
  if (message.maxCreateRevision !== undefined && message.maxCreateRevision !== 0) writer.integer(13, message.maxCreateRevision);
  if (message.minCreateRevision !== undefined && message.minCreateRevision !== 0) writer.integer(12, message.minCreateRevision);
  if (message.maxModRevision !== undefined && message.maxModRevision !== 0) writer.integer(11, message.maxModRevision);
  if (message.minModRevision !== undefined && message.minModRevision !== 0) writer.integer(10, message.minModRevision);
  if (message.countOnly !== undefined && message.countOnly !== false) writer.bool(9, message.countOnly);
  if (message.keysOnly !== undefined && message.keysOnly !== false) writer.bool(8, message.keysOnly);
  if (message.serializable !== undefined && message.serializable !== false) writer.bool(7, message.serializable);
  if (message.sortTarget !== undefined) writer.integer(6, RangeRequestSortTargetNumbers[message.sortTarget]);
  if (message.sortOrder !== undefined) writer.integer(5, RangeRequestSortOrderNumbers[message.sortOrder]);
  if (message.revision !== undefined && message.revision !== 0) writer.integer(4, message.revision);
  if (message.limit !== undefined && message.limit !== 0) writer.integer(3, message.limit);
  if (message.rangeEnd !== undefined) writer.bytes(2, message.rangeEnd);
  if (message.key !== undefined) writer.bytes(1, message.key);
}

/** etcd message `RangeResponse`. */
export interface RangeResponse {
  readonly header?: ResponseHeader | undefined;
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  readonly count: number;
}

function decodeRangeResponse(reader: ProtoReader, end: number): RangeResponse {
  let header: ResponseHeader | undefined = undefined;
  const kvs: KeyValue[] = [];
  let more: boolean = false;
  let count: number = 0;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: kvs.push(decodeKeyValue(reader, reader.message())); break;
      case 3: more = reader.integer() !== 0; break;
      case 4: count = reader.integer(); break;
      default: reader.skip();
    }
  }
  return { header, kvs, more, count };
}

/** etcd message `RequestOp`. */
export interface RequestOp {
  readonly requestRange?: RangeRequest | undefined;
  readonly requestPut?: PutRequest | undefined;
  readonly requestDeleteRange?: DeleteRangeRequest | undefined;
  readonly requestTxn?: TxnRequest | undefined;
}

function encodeRequestOp(writer: ProtoWriter, message: RequestOp): void {
  if (message.requestTxn !== undefined) { const end = writer.end; encodeTxnRequest(writer, message.requestTxn); writer.length(4, end); }
  if (message.requestDeleteRange !== undefined) { const end = writer.end; encodeDeleteRangeRequest(writer, message.requestDeleteRange); writer.length(3, end); }
  if (message.requestPut !== undefined) { const end = writer.end; encodePutRequest(writer, message.requestPut); writer.length(2, end); }
  if (message.requestRange !== undefined) { const end = writer.end; encodeRangeRequest(writer, message.requestRange); writer.length(1, end); }
}

/** etcd message `ResponseHeader`. */
export interface ResponseHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: number;
  readonly raftTerm: number;
}

function decodeResponseHeader(reader: ProtoReader, end: number): ResponseHeader {
  let clusterId: bigint = 0n;
  let memberId: bigint = 0n;
  let revision: number = 0;
  let raftTerm: number = 0;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: clusterId = reader.wide(false); break;
      case 2: memberId = reader.wide(false); break;
      case 3: revision = reader.integer(); break;
      case 4: raftTerm = reader.integer(); break;
      default: reader.skip();
    }
  }
  return { clusterId, memberId, revision, raftTerm };
}

/** etcd message `ResponseOp`. */
export interface ResponseOp {
  readonly responseRange?: RangeResponse | undefined;
  readonly responsePut?: PutResponse | undefined;
  readonly responseDeleteRange?: DeleteRangeResponse | undefined;
  readonly responseTxn?: TxnResponse | undefined;
}

function decodeResponseOp(reader: ProtoReader, end: number): ResponseOp {
  let responseRange: RangeResponse | undefined = undefined;
  let responsePut: PutResponse | undefined = undefined;
  let responseDeleteRange: DeleteRangeResponse | undefined = undefined;
  let responseTxn: TxnResponse | undefined = undefined;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: responseRange = decodeRangeResponse(reader, reader.message()); break;
      case 2: responsePut = decodePutResponse(reader, reader.message()); break;
      case 3: responseDeleteRange = decodeDeleteRangeResponse(reader, reader.message()); break;
      case 4: responseTxn = decodeTxnResponse(reader, reader.message()); break;
      default: reader.skip();
    }
  }
  return { responseRange, responsePut, responseDeleteRange, responseTxn };
}

/** etcd message `SnapshotRequest`. */
export type SnapshotRequest = Readonly<Record<string, never>>;

function encodeSnapshotRequest(_writer: ProtoWriter, _message: SnapshotRequest): void {

}

/** etcd message `SnapshotResponse`. */
export interface SnapshotResponse {
  readonly header?: ResponseHeader | undefined;
  readonly remainingBytes: number;
  readonly blob: Uint8Array;
}

function decodeSnapshotResponse(reader: ProtoReader, end: number): SnapshotResponse {
  let header: ResponseHeader | undefined = undefined;
  let remainingBytes: number = 0;
  let blob: Uint8Array = NO_BYTES;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: remainingBytes = reader.integer(); break;
      case 3: blob = reader.bytes(); break;
      default: reader.skip();
    }
  }
  return { header, remainingBytes, blob };
}

/** etcd message `StatusRequest`. */
export type StatusRequest = Readonly<Record<string, never>>;

function encodeStatusRequest(_writer: ProtoWriter, _message: StatusRequest): void {

}

/** etcd message `StatusResponse`. */
export interface StatusResponse {
  readonly header?: ResponseHeader | undefined;
  readonly version: string;
  readonly dbSize: number;
  readonly leader: bigint;
  readonly raftIndex: number;
  readonly raftTerm: number;
  readonly raftAppliedIndex: number;
  readonly errors: readonly string[];
  readonly dbSizeInUse: number;
  readonly isLearner: boolean;
}

function decodeStatusResponse(reader: ProtoReader, end: number): StatusResponse {
  let header: ResponseHeader | undefined = undefined;
  let version: string = '';
  let dbSize: number = 0;
  let leader: bigint = 0n;
  let raftIndex: number = 0;
  let raftTerm: number = 0;
  let raftAppliedIndex: number = 0;
  const errors: string[] = [];
  let dbSizeInUse: number = 0;
  let isLearner: boolean = false;
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: version = reader.string(); break;
      case 3: dbSize = reader.integer(); break;
      case 4: leader = reader.wide(false); break;
      case 5: raftIndex = reader.integer(); break;
      case 6: raftTerm = reader.integer(); break;
      case 7: raftAppliedIndex = reader.integer(); break;
      case 8: errors.push(reader.string()); break;
      case 9: dbSizeInUse = reader.integer(); break;
      case 10: isLearner = reader.integer() !== 0; break;
      default: reader.skip();
    }
  }
  return { header, version, dbSize, leader, raftIndex, raftTerm, raftAppliedIndex, errors, dbSizeInUse, isLearner };
}

/** etcd message `TxnRequest`. */
export interface TxnRequest {
  readonly compare?: readonly Compare[] | undefined;
  readonly success?: readonly RequestOp[] | undefined;
  readonly failure?: readonly RequestOp[] | undefined;
}

function encodeTxnRequest(writer: ProtoWriter, message: TxnRequest): void {
  if (message.failure !== undefined) for (let at = message.failure.length - 1; at >= 0; at -= 1) { const each = message.failure[at] as RequestOp; { const end = writer.end; encodeRequestOp(writer, each); writer.length(3, end); } }
  if (message.success !== undefined) for (let at = message.success.length - 1; at >= 0; at -= 1) { const each = message.success[at] as RequestOp; { const end = writer.end; encodeRequestOp(writer, each); writer.length(2, end); } }
  if (message.compare !== undefined) for (let at = message.compare.length - 1; at >= 0; at -= 1) { const each = message.compare[at] as Compare; { const end = writer.end; encodeCompare(writer, each); writer.length(1, end); } }
}

/** etcd message `TxnResponse`. */
export interface TxnResponse {
  readonly header?: ResponseHeader | undefined;
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

function decodeTxnResponse(reader: ProtoReader, end: number): TxnResponse {
  let header: ResponseHeader | undefined = undefined;
  let succeeded: boolean = false;
  const responses: ResponseOp[] = [];
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: succeeded = reader.integer() !== 0; break;
      case 3: responses.push(decodeResponseOp(reader, reader.message())); break;
      default: reader.skip();
    }
  }
  return { header, succeeded, responses };
}

/** etcd message `WatchCancelRequest`. */
export interface WatchCancelRequest {
  readonly watchId?: number | undefined;
}

function encodeWatchCancelRequest(writer: ProtoWriter, message: WatchCancelRequest): void {
  if (message.watchId !== undefined && message.watchId !== 0) writer.integer(1, message.watchId);
}

/** etcd message `WatchCreateRequest`. */
export interface WatchCreateRequest {
  readonly key?: Uint8Array | undefined;
  readonly rangeEnd?: Uint8Array | undefined;
  readonly startRevision?: number | undefined;
  readonly progressNotify?: boolean | undefined;
  readonly filters?: readonly WatchCreateRequestFilterType[] | undefined;
  readonly prevKv?: boolean | undefined;
  readonly watchId?: number | undefined;
  readonly fragment?: boolean | undefined;
}

function encodeWatchCreateRequest(writer: ProtoWriter, message: WatchCreateRequest): void {
  if (message.fragment !== undefined && message.fragment !== false) writer.bool(8, message.fragment);
  if (message.watchId !== undefined && message.watchId !== 0) writer.integer(7, message.watchId);
  if (message.prevKv !== undefined && message.prevKv !== false) writer.bool(6, message.prevKv);
  if (message.filters !== undefined) for (let at = message.filters.length - 1; at >= 0; at -= 1) { const each = message.filters[at] as WatchCreateRequestFilterType; writer.integer(5, WatchCreateRequestFilterTypeNumbers[each]); }
  if (message.progressNotify !== undefined && message.progressNotify !== false) writer.bool(4, message.progressNotify);
  if (message.startRevision !== undefined && message.startRevision !== 0) writer.integer(3, message.startRevision);
  if (message.rangeEnd !== undefined) writer.bytes(2, message.rangeEnd);
  if (message.key !== undefined) writer.bytes(1, message.key);
}

/** etcd message `WatchProgressRequest`. */
export type WatchProgressRequest = Readonly<Record<string, never>>;

function encodeWatchProgressRequest(_writer: ProtoWriter, _message: WatchProgressRequest): void {

}

/** etcd message `WatchRequest`. */
export interface WatchRequest {
  readonly createRequest?: WatchCreateRequest | undefined;
  readonly cancelRequest?: WatchCancelRequest | undefined;
  readonly progressRequest?: WatchProgressRequest | undefined;
}

function encodeWatchRequest(writer: ProtoWriter, message: WatchRequest): void {
  if (message.progressRequest !== undefined) { const end = writer.end; encodeWatchProgressRequest(writer, message.progressRequest); writer.length(3, end); }
  if (message.cancelRequest !== undefined) { const end = writer.end; encodeWatchCancelRequest(writer, message.cancelRequest); writer.length(2, end); }
  if (message.createRequest !== undefined) { const end = writer.end; encodeWatchCreateRequest(writer, message.createRequest); writer.length(1, end); }
}

/** etcd message `WatchResponse`. */
export interface WatchResponse {
  readonly header?: ResponseHeader | undefined;
  readonly watchId: number;
  readonly created: boolean;
  readonly canceled: boolean;
  readonly compactRevision: number;
  readonly cancelReason: string;
  readonly fragment: boolean;
  readonly events: readonly Event[];
}

function decodeWatchResponse(reader: ProtoReader, end: number): WatchResponse {
  let header: ResponseHeader | undefined = undefined;
  let watchId: number = 0;
  let created: boolean = false;
  let canceled: boolean = false;
  let compactRevision: number = 0;
  let cancelReason: string = '';
  let fragment: boolean = false;
  const events: Event[] = [];
  while (reader.position < end) {
    switch (reader.field()) {
      case 1: header = decodeResponseHeader(reader, reader.message()); break;
      case 2: watchId = reader.integer(); break;
      case 3: created = reader.integer() !== 0; break;
      case 4: canceled = reader.integer() !== 0; break;
      case 5: compactRevision = reader.integer(); break;
      case 6: cancelReason = reader.string(); break;
      case 7: fragment = reader.integer() !== 0; break;
      case 11: events.push(decodeEvent(reader, reader.message())); break;
      default: reader.skip();
    }
  }
  return { header, watchId, created, canceled, compactRevision, cancelReason, fragment, events };
}

/** All methods. */
export const etcdMethods = {
  /** `/etcdserverpb.KV/Range` */
  range: { path: '/etcdserverpb.KV/Range', encode: encodeRangeRequest, decode: decodeRangeResponse } as EtcdMethod<RangeRequest, RangeResponse>,
  /** `/etcdserverpb.KV/Put` */
  put: { path: '/etcdserverpb.KV/Put', encode: encodePutRequest, decode: decodePutResponse } as EtcdMethod<PutRequest, PutResponse>,
  /** `/etcdserverpb.KV/DeleteRange` */
  deleteRange: { path: '/etcdserverpb.KV/DeleteRange', encode: encodeDeleteRangeRequest, decode: decodeDeleteRangeResponse } as EtcdMethod<DeleteRangeRequest, DeleteRangeResponse>,
  /** `/etcdserverpb.KV/Txn` */
  txn: { path: '/etcdserverpb.KV/Txn', encode: encodeTxnRequest, decode: decodeTxnResponse } as EtcdMethod<TxnRequest, TxnResponse>,
  /** `/etcdserverpb.KV/Compact` */
  compact: { path: '/etcdserverpb.KV/Compact', encode: encodeCompactionRequest, decode: decodeCompactionResponse } as EtcdMethod<CompactionRequest, CompactionResponse>,
  /** `/etcdserverpb.Watch/Watch` */
  watch: { path: '/etcdserverpb.Watch/Watch', encode: encodeWatchRequest, decode: decodeWatchResponse } as EtcdMethod<WatchRequest, WatchResponse>,
  /** `/etcdserverpb.Lease/LeaseGrant` */
  leaseGrant: { path: '/etcdserverpb.Lease/LeaseGrant', encode: encodeLeaseGrantRequest, decode: decodeLeaseGrantResponse } as EtcdMethod<LeaseGrantRequest, LeaseGrantResponse>,
  /** `/etcdserverpb.Lease/LeaseRevoke` */
  leaseRevoke: { path: '/etcdserverpb.Lease/LeaseRevoke', encode: encodeLeaseRevokeRequest, decode: decodeLeaseRevokeResponse } as EtcdMethod<LeaseRevokeRequest, LeaseRevokeResponse>,
  /** `/etcdserverpb.Lease/LeaseKeepAlive` */
  leaseKeepAlive: { path: '/etcdserverpb.Lease/LeaseKeepAlive', encode: encodeLeaseKeepAliveRequest, decode: decodeLeaseKeepAliveResponse } as EtcdMethod<LeaseKeepAliveRequest, LeaseKeepAliveResponse>,
  /** `/etcdserverpb.Lease/LeaseTimeToLive` */
  leaseTimeToLive: { path: '/etcdserverpb.Lease/LeaseTimeToLive', encode: encodeLeaseTimeToLiveRequest, decode: decodeLeaseTimeToLiveResponse } as EtcdMethod<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse>,
  /** `/etcdserverpb.Lease/LeaseLeases` */
  leaseLeases: { path: '/etcdserverpb.Lease/LeaseLeases', encode: encodeLeaseLeasesRequest, decode: decodeLeaseLeasesResponse } as EtcdMethod<LeaseLeasesRequest, LeaseLeasesResponse>,
  /** `/etcdserverpb.Maintenance/Alarm` */
  alarm: { path: '/etcdserverpb.Maintenance/Alarm', encode: encodeAlarmRequest, decode: decodeAlarmResponse } as EtcdMethod<AlarmRequest, AlarmResponse>,
  /** `/etcdserverpb.Maintenance/Status` */
  status: { path: '/etcdserverpb.Maintenance/Status', encode: encodeStatusRequest, decode: decodeStatusResponse } as EtcdMethod<StatusRequest, StatusResponse>,
  /** `/etcdserverpb.Maintenance/Defragment` */
  defragment: { path: '/etcdserverpb.Maintenance/Defragment', encode: encodeDefragmentRequest, decode: decodeDefragmentResponse } as EtcdMethod<DefragmentRequest, DefragmentResponse>,
  /** `/etcdserverpb.Maintenance/Snapshot` */
  snapshot: { path: '/etcdserverpb.Maintenance/Snapshot', encode: encodeSnapshotRequest, decode: decodeSnapshotResponse } as EtcdMethod<SnapshotRequest, SnapshotResponse>,
  /** `/etcdserverpb.Cluster/MemberList` */
  memberList: { path: '/etcdserverpb.Cluster/MemberList', encode: encodeMemberListRequest, decode: decodeMemberListResponse } as EtcdMethod<MemberListRequest, MemberListResponse>,
  /** `/etcdserverpb.Auth/Authenticate` */
  authenticate: { path: '/etcdserverpb.Auth/Authenticate', encode: encodeAuthenticateRequest, decode: decodeAuthenticateResponse } as EtcdMethod<AuthenticateRequest, AuthenticateResponse>,
} as const;
