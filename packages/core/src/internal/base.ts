/* eslint-disable no-restricted-syntax -- no door: the build makes one file of these modules (see tsup.config.ts), which must have all that they export */
export * from '../api-error.ts';
export * from '../clock.ts';
export * from '../conditions.ts';
export * from '../json-data.ts';
export * from '../kind.ts';
export * from '../quantity.ts';
export * from './object-edit.ts';
export * from './rfc-3339.ts';
