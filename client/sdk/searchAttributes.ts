import { defineSearchAttributeKey } from '@temporalio/common';

/** Typed keys of the search attributes by which releases are found (contract/names.ts). */
export const sluiceAttributes = {
  SluiceApp: defineSearchAttributeKey('SluiceApp', 'KEYWORD'),
  SluiceCluster: defineSearchAttributeKey('SluiceCluster', 'KEYWORD'),
  SluiceNamespace: defineSearchAttributeKey('SluiceNamespace', 'KEYWORD'),
  SluicePhase: defineSearchAttributeKey('SluicePhase', 'KEYWORD'),
  SluiceVersion: defineSearchAttributeKey('SluiceVersion', 'KEYWORD'),
  SluiceInitiator: defineSearchAttributeKey('SluiceInitiator', 'KEYWORD'),
  SluiceBatch: defineSearchAttributeKey('SluiceBatch', 'INT'),
  SluiceWaiting: defineSearchAttributeKey('SluiceWaiting', 'BOOL'),
} as const;
