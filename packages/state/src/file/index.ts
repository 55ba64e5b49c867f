export { openFileStore } from './file-store.ts';
export type { FileStore, FileStoreOptions } from './file-store.ts';
export { backupState, restoreState, verifyState } from './backup.ts';
export type { BackupOptions, RestoreOptions, StateSummary, VerifyOptions } from './backup.ts';
export { nodeFileSystem } from './file-system.ts';
export type { FileSystem, StateFile } from './file-system.ts';
export type { Annex } from '../internal/byte-record.ts';
