/** The types of what crosses between the API and the console about the province: systems, coverage, inventory. */
import type { z } from 'zod'
import type { coverage, coverageRow, coverageState } from './schema/coverage.ts'
import type {
  changedInventory,
  changeInventory,
  inventoryEntry,
  inventoryKind,
  inventoryView,
  settleInventory,
} from './schema/inventory.ts'
import type { systemDetail, systemRow } from './schema/systems.ts'

export type SystemRow = z.output<typeof systemRow>
export type SystemDetail = z.output<typeof systemDetail>
export type CoverageState = z.output<typeof coverageState>
export type CoverageRow = z.output<typeof coverageRow>
export type Coverage = z.output<typeof coverage>
export type InventoryView = z.output<typeof inventoryView>
export type InventoryKind = z.output<typeof inventoryKind>
export type InventoryEntry = z.output<typeof inventoryEntry>
export type ChangedInventory = z.output<typeof changedInventory>
export type InventoryChange = z.output<typeof changeInventory.body>
export type InventoryChoice = z.output<typeof settleInventory.body>
