/** The shapes that cross between the API and the console about the province: systems, coverage, inventory. Times are epoch ms. */
import type { ContactRow, IncidentRow, PortalRow, SourceRow } from './contract.ts'

/** An information system. */
export interface SystemRow {
  id: string
  name: string
  owner: { id: string; name: string }
  operator?: { id: string; name: string }
  shared: boolean
  assumed: boolean
  /** In force today; absent where none was approved. */
  level?: number
  portals: number
  open_incidents: number
  open_alerts: number
  overdue_findings: number
  sources: number
  silent_sources: number
}
export interface SystemDetail extends SystemRow {
  platform?: string
  hosting?: string
  /** Who asks runs it, and is not its owner. */
  operated?: true
  levels: { level: number; from: string; to?: string; decision?: string; legal_basis?: string }[]
  servers: string[]
  talks_to: { id?: string; name: string }[]
  contacts: ContactRow[]
  assessments: {
    date: string
    by: string
    findings: { text: string; due?: string; done?: string; overdue?: number }[]
  }[]
  planned: { id: string; from: number; to: number; who: string; why: string }[]
  incidents: IncidentRow[]
  portal_rows: PortalRow[]
  source_rows: SourceRow[]
}
/** full: all its firewalls send and are understood; declared: one is in the inventory that never sent; none: not even that. */
export type CoverageState = 'full' | 'part' | 'silent' | 'declared' | 'none'
export interface CoverageRow {
  id: string
  name: string
  short: string
  kind: string
  parent?: string
  state: CoverageState
  /** In the inventory. */
  firewalls: number
  /** Of `expected`, these firewalls and the agency's other sources. */
  sending: number
  expected: number
  lines: number
  /** Share of the lines of 24 hours that were understood; absent where there were none. */
  understood?: number
  silent_since?: number
  /** Ask first: it has an open incident, or a system of level 3 or higher, or has just fallen silent. */
  first?: true
  open_incidents: number
}
export interface Coverage {
  at: number
  items: CoverageRow[]
  counts: Record<CoverageState, number>
  systems: {
    id: string
    name: string
    owner: string
    level?: number
    sources: number
    silent: number
    state: CoverageState
  }[]
  portals: { total: number; seen: number }
}
export interface InventoryView {
  date: string
  counts: {
    agencies: { [kind: string]: number }
    systems: { total: number; shared: number; withLevel: number }
    portals: { [kind: string]: { total: number; ipv6: number; trusted: number } }
    all: { total: number; ipv6: number; trusted: number }
    devices: number
    networks: number
    signatures: { total: number; orphaned: number }
  }
  agencies: {
    id: string
    name: string
    kind: string
    valid_from?: string
    valid_to?: string
    successors: { id: string; name: string }[]
    assumed: boolean
  }[]
  orphans: { serial: string; holder: string; organization: { id: string; name: string }; expires: string }[]
  planned: { id: string; from: number; to: number; on: string; who: string; why: string }[]
  duties: {
    recipient: string
    report: string
    within?: number
    legal_basis: string
    valid_from: string
    checked?: string
  }[]
  versions: { id: string; at: number; path?: string; changed: number }[]
}
