// The server
export { createApiServer } from './api-server.ts';
export type { ApiServer, ApiServerOptions } from './api-server.ts';
export type { AccessOptions } from './access.ts';
// Requests
export { SYSTEM_USER } from './request.ts';
export type { ApiRequest, ApiResponse, Operation, PatchType, RequestOptions, UserInfo, Verb } from './request.ts';
export { createKindRegistry } from './registry.ts';
export type { KindRegistry } from './registry.ts';
export type { KindsInUse } from './kinds-in-use.ts';
// The HTTP door
export type { Listener, ListenOptions } from './http/listener.ts';
export type { DoorObserver, RequestObserver } from './http/door-observer.ts';
export type { CertifiedKey } from './http/certificates.ts';
export { ledgerAnnex } from './managed-fields/annex.ts';
// Tables
export { printTable } from './printers/print-table.ts';
export type { PrintInput, Table } from './printers/print-table.ts';
export type { Cell, Column, ColumnType, PrintContext, TableColumnDefinition, TableRow } from './printers/table.ts';
// Who may do what
export { privilegedGroupAuthorizer } from './authorization.ts';
export { chainAuthorizers } from './authorizer-chain.ts';
export type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from './authorization.ts';
// Who asks
export { certificateAuthenticator } from './authentication/authenticator.ts';
export type { Authentication, AuthenticationOptions, Authenticator, CertificateSubject, Credentials } from './authentication/authenticator.ts';
export { tokenFileAuthenticator } from './authentication/token-file.ts';
export { bootstrapTokenAuthenticator } from './authentication/bootstrap-token.ts';
// Nodes of other machines
export { createSigningRequest, listenForNode, readSigningRequest } from './node-certificates.ts';
export type { Signable, SigningQuestion } from './node-certificates.ts';
export type { NodeDoor, NodeDoorOptions } from './http/node-door.ts';
// Admission
export { defaultAdmission } from './admission/index.ts';
export { storageObjectInUseProtection } from './admission/storage-object-in-use-protection.ts';
export type { AdmissionAttributes, AdmissionPlugin } from './admission/admission.ts';
