/**
 * Reports that were made, kept as they were: what was signed can be shown again, whatever the figures say later. Who they are
 * is one document each, their files another each, in the store of documents, so that every process of a cluster has them.
 */
import { randomUUID } from 'node:crypto'
import { DAY } from '../../ingest/inventory/days.ts'
import { eq, type Filter } from '../../ingest/store/filter.ts'
import {
  type Collection,
  type Document,
  type DocumentStore,
  type Scope,
  type Stored,
  SYSTEM,
} from '../../ingest/store/store.ts'
import type { Installation } from '../installation.ts'
import { type Asked, contentOf, fileOf, FORMATS, type Format, hashOf, type Made, type ReportKind } from './make.ts'

export interface Kept extends Document {
  readonly 'report.at': number
  readonly 'report.kind': ReportKind
  readonly 'report.period': string
  readonly 'report.by': string
  readonly 'report.scheduled'?: true
  readonly 'organization.id'?: string
  readonly 'organization.name'?: string
  readonly 'system.id'?: string
  readonly name: string
  readonly title: string
  readonly files: {
    readonly [format in Format]: { readonly key: string; readonly bytes: number; readonly sha256: string }
  }
}
interface File extends Document {
  readonly 'report.at': number
  readonly 'organization.id'?: string
  readonly 'system.id'?: string
  readonly base64: string
}

export const reportsIn = (documents: DocumentStore): Collection<Kept> => documents.collection<Kept>('reports')
const filesIn = (documents: DocumentStore): Collection<File> => documents.collection<File>('report_files')

const ownerOf = ({ organization, system }: Made) => ({
  ...(organization ? { 'organization.id': organization.id } : {}),
  ...(system === undefined ? {} : { 'system.id': system }),
})

/**
 * Makes and keeps one. `id`: of one that is made by the calendar, so that of several processes one keeps it: undefined where
 * another was faster.
 */
export const keepReport = async (
  installation: Installation,
  scope: Scope,
  asked: Asked,
  by: string,
  id?: string,
): Promise<Stored<Kept> | undefined> => {
  const { documents } = installation.store
  const made = await contentOf(installation, scope, asked)
  const at = made.made
  const nonce = randomUUID()
  const files: Record<string, { key: string; bytes: number; sha256: string }> = {}
  // The files first: a report that is listed has them.
  for (const format of FORMATS) {
    const bytes = await fileOf(installation, made, format)
    const key = `${nonce}.${format}`
    files[format] = { key, bytes: bytes.length, sha256: hashOf(bytes) }
    const doc: File = { 'report.at': at, ...ownerOf(made), base64: bytes.toString('base64') }
    await filesIn(documents).put([{ id: key, version: null, doc }])
  }
  const doc: Kept = {
    'report.at': at,
    'report.kind': made.kind,
    'report.period': made.period,
    'report.by': by,
    ...(id === undefined ? {} : { 'report.scheduled': true as const }),
    ...ownerOf(made),
    ...(made.organization ? { 'organization.name': made.organization.name } : {}),
    name: made.name,
    title: made.document.title,
    files: files as Kept['files'],
  }
  const own = id ?? nonce
  const [result] = await reportsIn(documents).put([{ id: own, version: null, doc }])
  if (result?.ok) return reportsIn(documents).get(SYSTEM, own)
  await filesIn(documents).deleteMany(FORMATS.map((format) => files[format]!.key))
  return undefined
}

/** The bytes as they were kept; undefined where they are gone. */
export const keptFile = async (
  { store }: Pick<Installation, 'store'>,
  scope: Scope,
  { files }: Kept,
  format: Format,
): Promise<Buffer | undefined> => {
  const found = await filesIn(store.documents).get(scope, files[format].key)
  return found && Buffer.from(found.doc.base64, 'base64')
}

/** Removes what is older than it is to be kept. Answers how many reports. */
export const forgetOld = async ({ store, clock, config, trust }: Installation): Promise<number> => {
  // What a clock that is doubted says is old may be of today.
  if (trust.said().length > 0) return 0
  const old: Filter = { op: 'range', field: 'report.at', lt: clock() - config.reports.keep_days * DAY }
  let removed = 0
  for (const collection of [reportsIn(store.documents), filesIn(store.documents)] as Collection<Document>[])
    for (;;) {
      const { items } = await collection.query(SYSTEM, { filter: old, limit: 100 })
      if (items.length === 0) break
      await collection.deleteMany(items.map(({ id }) => id))
      if (collection === (reportsIn(store.documents) as unknown)) removed += items.length
    }
  return removed
}

export const keptFilter = (kind: ReportKind | undefined): Filter =>
  kind === undefined ? { op: 'and', of: [] } : eq('report.kind', kind)
