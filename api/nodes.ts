/** What each process of a cluster says of itself, for the others: its sources, and what is wrong. */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { SourceStatus } from '../ingest/source.ts'
import { type DocumentStore, SYSTEM } from '../ingest/store/store.ts'
import type { ServerRole } from './config.ts'

/** A process that said nothing for so long (ms) is left out. */
const LIVE = 120_000

export interface NodeReport {
  readonly node: string
  readonly host: string
  readonly roles: readonly ServerRole[]
  readonly at: number
  readonly sources: readonly SourceStatus[]
  readonly problems: readonly { readonly code: string; readonly message: string }[]
  readonly [field: string]: unknown
}

export interface Nodes {
  publish(report: Pick<NodeReport, 'sources' | 'problems'>): Promise<void>
  /** The live ones beside this. */
  others(): Promise<readonly NodeReport[]>
  /** This one ends: the others need not hear of it any more. */
  leave(): Promise<void>
}

/** The name of a data folder, and so of its spool, among those that share a store: made once, kept in it. */
export const nodeName = (data: string): string => {
  const path = join(data, 'node')
  if (!existsSync(path)) writeFileSync(path, randomBytes(4).toString('hex'), { flag: 'wx' })
  return readFileSync(path, 'utf8').trim()
}

export const openNodes = (
  documents: DocumentStore,
  node: string,
  roles: readonly ServerRole[],
  clock: () => number,
): Nodes => {
  const nodes = documents.collection<NodeReport>('nodes')
  return {
    publish: async ({ sources, problems }) => {
      const doc = { node, host: hostname(), roles, at: clock(), sources, problems }
      await nodes.put([{ id: node, doc, version: 'any' }])
    },
    others: async () =>
      (await nodes.query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 1000 })).items
        .map(({ doc }) => doc)
        .filter((each) => each.node !== node && clock() - each.at < LIVE),
    leave: async () => void (await nodes.delete(node, 'any')),
  }
}
