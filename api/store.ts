/** The store that the configuration chooses. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { embedded } from '../ingest/store/embedded.ts'
import { noteLost } from '../ingest/store/lost.ts'
import type { Store } from '../ingest/store/store.ts'
import type { Config } from './config.ts'
import { keepPrivate } from './private.ts'

export interface StoreOptions {
  readonly clock: () => number
  readonly warn: (message: string) => void
  /** ms that a commit of the embedded store waits for more lines, and at most. */
  readonly wait?: number
  readonly most?: number
  /** Threads of the embedded store. */
  readonly threads?: number
}

/** Beside the store: what was mended while it was opened, a sentence each. */
type Opened = Store & { readonly repairs: readonly string[] }

/**
 * Loads the store that is chosen, for each takes its time. What is answered begins to open it at once: its thread starts
 * while whoever asked goes on.
 */
export const loadStore = async (
  config: Config,
  { clock, warn, ...options }: StoreOptions,
): Promise<() => Promise<Opened>> => {
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  keepPrivate(config.data)
  if (config.store === 'elasticsearch') {
    const { openElasticsearch } = await import('../ingest/store/elasticsearch.ts')
    return async () => ({ ...(await openElasticsearch({ ...clusterOf(config), clock, warn })), repairs: [] })
  }
  const open = await loadEmbedded(config, options)
  return async () => {
    const { events, documents } = await open()
    await noteLost(join(config.data, 'events'), documents, clock)
    return { ...embedded(events, documents), repairs: events.repairs }
  }
}
export const openStore = async (config: Config, options: StoreOptions): Promise<Opened> =>
  (await loadStore(config, options))()

/** The files of the data folder, whatever the configuration chooses: what a migration reads. */
export const openEmbedded = async (config: Config, options: Omit<StoreOptions, 'clock' | 'warn'> = {}) =>
  (await loadEmbedded(config, options))()
const loadEmbedded = async (config: Config, options: Omit<StoreOptions, 'clock' | 'warn'>) => {
  const { openSqlite } = await import('../ingest/store/sqlite.ts')
  const { openDuckdb } = await import('../ingest/store/duckdb.ts')
  return () => opened(config, options, openSqlite, openDuckdb)
}
const opened = async (
  config: Config,
  options: Omit<StoreOptions, 'clock' | 'warn'>,
  openSqlite: typeof import('../ingest/store/sqlite.ts').openSqlite,
  openDuckdb: typeof import('../ingest/store/duckdb.ts').openDuckdb,
) => {
  const documents = openSqlite(join(config.data, 'documents.sqlite'))
  try {
    const events = await openDuckdb({
      folder: join(config.data, 'events'),
      ...(config.memory ? { memory: config.memory } : {}),
      ...options,
    })
    return { events, documents }
  } catch (error) {
    await documents.close()
    throw error
  }
}

/** How the cluster of the configuration is reached. Throws a sentence where the authority's certificate cannot be read. */
export const clusterOf = ({ elasticsearch, file }: Config) => {
  const { nodes, user, password, api_key: apiKey, ca: path, prefix } = elasticsearch
  let ca: string | undefined
  if (path !== undefined) {
    try {
      ca = readFileSync(path, 'utf8')
    } catch (error) {
      throw new Error(
        `the certificate authority ${path} cannot be read (${(error as NodeJS.ErrnoException).code}): correct "elasticsearch.ca" in ${file ?? 'the configuration'}`,
      )
    }
  }
  return {
    nodes,
    prefix,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(ca === undefined ? {} : { ca }),
  }
}
