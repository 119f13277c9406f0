/** The composition root: one installation with its store, ingest and detection, on a clock that is passed in. */
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEnricher } from '../ingest/enrich/enrich.ts'
import { openGeoIp } from '../ingest/enrich/geoip.ts'
import { type Inventory, parseInventory } from '../ingest/inventory/inventory.ts'
import { createIngest, type Ingest } from '../ingest/pipeline.ts'
import type { Enrich } from '../ingest/process.ts'
import { embedded } from '../ingest/store/embedded.ts'
import { openDuckdb } from '../ingest/store/duckdb.ts'
import { openSqlite } from '../ingest/store/sqlite.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { createDetector, type Detector } from '../rules/detect.ts'
import { loadRules } from '../rules/load.ts'
import type { Rule } from '../rules/rule.ts'
import { createSchedule, type Schedule } from '../rules/schedule.ts'
import type { Config } from './config.ts'

export interface Installation {
  readonly config: Config
  readonly clock: () => number
  readonly store: Store
  readonly inventory: Inventory
  readonly enrich: Enrich
  readonly ingest: Ingest
  readonly detector: Detector
  readonly schedule: Schedule
  /** Every rule, also those that are switched off. */
  readonly rules: readonly Rule[]
  enabled(id: string): boolean
  setEnabled(id: string, on: boolean, by: string): Promise<void>
  /** Sentences about what is wrong now, for the console and `doctor`. */
  readonly problems: Map<string, string>
  readonly demo: boolean
  /** Syslog ports that are really open. */
  syslog: { udp?: number; tcp?: number }
  /** Set while the demo replays: 0 to 1. */
  replay: { progress: number; until: number } | undefined
  close(): Promise<void>
}

export interface InstallationOptions {
  readonly clock: () => number
  readonly demo?: boolean
  readonly warn: (message: string) => void
  /** ms that a commit waits for more lines, and between looks at files. */
  readonly wait?: number
  readonly most?: number
  readonly poll?: number
}

const EMPTY: Inventory = {
  province: { id: 'tinh', name: 'Tỉnh', timezone: 'Asia/Ho_Chi_Minh' },
  agencies: [],
  portals: [],
  networks: [],
  observers: [],
  deadlines: [],
  reporting: [],
}

export const readInventory = (config: Config): Inventory => {
  if (config.inventory === undefined) return EMPTY
  let text: string
  try {
    text = readFileSync(config.inventory, 'utf8')
  } catch (error) {
    throw new Error(
      `the inventory ${config.inventory} cannot be read (${(error as NodeJS.ErrnoException).code}): correct "inventory:" in ${config.file ?? 'the configuration'}`,
    )
  }
  return parseInventory(text, config.inventory)
}

export const openStore = async (
  config: Config,
  wait?: number,
  most?: number,
): Promise<Store & { readonly repairs: readonly string[] }> => {
  mkdirSync(config.data, { recursive: true, mode: 0o700 })
  const documents = openSqlite(join(config.data, 'documents.sqlite'))
  try {
    const events = await openDuckdb({
      folder: join(config.data, 'events'),
      ...(config.memory ? { memory: config.memory } : {}),
      ...(wait === undefined ? {} : { wait }),
      ...(most === undefined ? {} : { most }),
    })
    return { ...embedded(events, documents), repairs: events.repairs }
  } catch (error) {
    await documents.close()
    throw error
  }
}

interface RuleSetting {
  readonly enabled: boolean
  readonly [field: string]: unknown
}

export const openInstallation = async (config: Config, options: InstallationOptions): Promise<Installation> => {
  const { clock, warn } = options
  const inventory = readInventory(config)
  for (const source of config.sources) {
    if (source.organization !== undefined && !inventory.agencies.some((agency) => agency.id === source.organization)) {
      throw new Error(
        `${config.file ?? 'configuration'}: source ${source.id}: organization "${source.organization}" is not in the inventory ${config.inventory ?? '(none is configured)'}`,
      )
    }
  }
  const rules = loadRules(config.rules)
  const enrich = createEnricher({ inventory, geoip: openGeoIp(config.geoip) })
  const store = await openStore(config, options.wait, options.most)
  const problems = new Map<string, string>()
  store.repairs.forEach((sentence, i) => {
    problems.set(`store-${i}`, sentence)
    warn(sentence)
  })
  // Every version of the inventory is kept: what an agency was called then is part of an incident.
  const versions = store.documents.collection<{ at: number; inventory: Inventory }>('inventory')
  const latest = (await versions.query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 10_000 })).items.at(-1)
  if (JSON.stringify(latest?.doc.inventory) !== JSON.stringify(inventory)) {
    const id = String(Number(latest?.id ?? 0) + 1).padStart(8, '0')
    await versions.put([{ id, version: null, doc: { at: clock(), inventory } }])
  }
  const settings = store.documents.collection<RuleSetting>('rules')
  const off = new Set(
    (await settings.query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 10_000 })).items.flatMap((item) =>
      item.doc.enabled ? [] : [item.id],
    ),
  )
  const ingest = createIngest({
    store: store.events,
    sources: config.sources,
    spoolFolder: join(config.data, 'spool'),
    enrich,
    clock,
    warn,
    ...(options.poll === undefined ? {} : { poll: options.poll }),
  })
  const deadlines = () => resolveHours(inventory, clock())
  const detector = createDetector({ store, clock, deadlines })
  const schedule = createSchedule(
    () => rules.filter((rule) => !off.has(rule.id)),
    detector,
    (rule, error) => {
      problems.set(`rule-${rule.id}`, `${rule.name.vi}: ${error}`)
      warn(`rule ${rule.id}: ${error}`)
    },
  )
  return {
    config,
    clock,
    store,
    inventory,
    enrich,
    ingest,
    detector,
    schedule,
    rules,
    enabled: (id) => !off.has(id),
    setEnabled: async (id, on, by) => {
      await settings.put([{ id, doc: { enabled: on, by, at: clock() }, version: 'any' }])
      if (on) off.delete(id)
      else off.add(id)
    },
    problems,
    demo: options.demo ?? false,
    syslog: {},
    replay: undefined,
    close: async () => {
      await schedule.stop()
      await ingest.stop()
      await store.close()
    },
  }
}

/** Hours to settle an incident, by level, of the deadlines in force. */
const resolveHours = (inventory: Inventory, now: number): { [level: string]: number } => {
  const day = new Date(now).toISOString().slice(0, 10)
  const inForce = inventory.deadlines
    .filter((each) => each.valid_from <= day)
    .sort((a, b) => (a.valid_from < b.valid_from ? 1 : -1))[0]
  const hours: { [level: string]: number } = { critical: 4, high: 24, medium: 72, low: 168, informational: 336 }
  for (const [level, service] of Object.entries(inForce?.levels ?? {})) hours[level] = service.resolve
  return hours
}
