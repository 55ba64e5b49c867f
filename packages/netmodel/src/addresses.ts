// Addresses
export { addressBits, cidrContains, cidrSize, formatCidr, formatIp, parseCidr, parseIp } from './ip.ts';
export type { Cidr, IpAddress, IpFamily } from './ip.ts';
// Allocation
export { createIpAllocator } from './ip-allocator.ts';
export type { IpAllocator, IpAllocatorOptions } from './ip-allocator.ts';
export { createPortAllocator } from './port-allocator.ts';
export type { PortAllocator, PortAllocatorOptions } from './port-allocator.ts';
export { allocatePodCidr, createCidrAllocator } from './cidr-allocator.ts';
export type { CidrAllocator, CidrAllocatorOptions } from './cidr-allocator.ts';
export { createAddressPool } from './address-pool.ts';
export type { AddressPool, AddressPoolOptions } from './address-pool.ts';
// Errors
export { AllocationError, isAllocationError } from './errors.ts';
export type { AllocationErrorCode, AllocationErrorDetails } from './errors.ts';
// Endpoints
export { addressTypes, computeEndpoints, isHeadless, targetPort } from './endpoints.ts';
export type { EndpointGroup, EndpointOptions } from './endpoints.ts';
