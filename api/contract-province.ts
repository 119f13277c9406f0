/** The types of what crosses between the API and the console about the province: systems, coverage, inventory. */
import type { carrySuccession, planSuccession } from './schema/succession.ts'
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
import type { change, figures, figuresQuery, letter, letters } from './schema/figures.ts'
import type { periodKind, reportDocument, reportKind, reportList, reportRow } from './schema/reports.ts'
import type { riskRow, riskView } from './schema/risk.ts'
import type { wall } from './schema/wall.ts'
import type { systemDetail, systemRow } from './schema/systems.ts'

export type SystemRow = z.output<typeof systemRow>
export type SystemDetail = z.output<typeof systemDetail>
export type CoverageState = z.output<typeof coverageState>
export type CoverageRow = z.output<typeof coverageRow>
export type Coverage = z.output<typeof coverage>
export type InventoryView = z.output<typeof inventoryView>
export type InventoryKind = z.output<typeof inventoryKind>
export type InventoryEntry = z.output<typeof inventoryEntry>
export type SuccessionAsked = z.input<typeof planSuccession.body>
export type SuccessionPlan = z.output<typeof planSuccession.answer>
export type SuccessionCarried = z.input<typeof carrySuccession.body>
export type ChangedInventory = z.output<typeof changedInventory>
export type InventoryChange = z.output<typeof changeInventory.body>
export type InventoryChoice = z.output<typeof settleInventory.body>
export type RiskRow = z.output<typeof riskRow>
export type RiskView = z.output<typeof riskView>
export type Figures = z.output<typeof figures>
export type PeriodChange = z.output<typeof change>
export type Letter = z.output<typeof letter>
export type Letters = z.output<typeof letters>
export type FiguresQuery = z.input<typeof figuresQuery>
export type Wall = z.output<typeof wall>
export type PeriodKind = z.output<typeof periodKind>
export type ReportKind = z.output<typeof reportKind>
export type ReportDocument = z.output<typeof reportDocument>
export type ReportRow = z.output<typeof reportRow>
export type ReportList = z.output<typeof reportList>
