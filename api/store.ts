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

/** Beside the store: what was mended while it was opened, a sentence each. Loaded where chosen, for each takes its time. */
export const openStore = async (
  config: Config,
  { clock, warn, ...options }: StoreOptions,
): Promise<Store & { readonly repairs: readonly string[] }> => {
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  keepPrivate(config.data)
  if (config.store === 'elasticsearch') {
    const { openElasticsearch } = await import('../ingest/store/elasticsearch.ts')
    const store = await openElasticsearch({ ...clusterOf(config), clock, warn })
    return { ...store, repairs: [] }
  }
  const { events, documents } = await openEmbedded(config, options)
  await noteLost(join(config.data, 'events'), documents, clock)
  return { ...embedded(events, documents), repairs: events.repairs }
}

/** The files of the data folder, whatever the configuration chooses: what a migration reads. */
export const openEmbedded = async (config: Config, options: Omit<StoreOptions, 'clock' | 'warn'> = {}) => {
  const { openSqlite } = await import('../ingest/store/sqlite.ts')
  const { openDuckdb } = await import('../ingest/store/duckdb.ts')
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
