/** The composition root: one installation with its store, ingest and detection, on a clock that is passed in. */
import { LOGSOURCES } from '../ingest/parsers/index.ts'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type Clock, clockOf } from '../ingest/clock.ts'
import { createEnricher, type Enricher } from '../ingest/enrich/enrich.ts'
import { counted } from '../ingest/counted.ts'
import { briefly } from '../ingest/briefly.ts'
import { openGeoIp } from '../ingest/enrich/geoip.ts'
import { type Inventory, parseInventory } from '../ingest/inventory/inventory.ts'
import type { Judging } from '../ingest/judge.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { createIngest } from '../ingest/pipeline.ts'
import { mergeStatus } from '../ingest/meter.ts'
import { leftLines } from '../ingest/collect/left.ts'
import { type SourceStatus, UNKNOWN_SOURCE } from '../ingest/source.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { loadRules } from '../rules/load.ts'
import type { Rule } from '../rules/rule.ts'
import { upgradeCases } from '../rules/upgrade/upgrade.ts'
import { type Config, SERVER_ROLES, type ServerRole } from './config.ts'
import type { Cases } from '../rules/case/decide.ts'
import { casesOf } from './acts.ts'
import { createDetection, type Detection } from './detection.ts'
import { type Changes, openRulebook } from './rulebook.ts'
import { createScribe, type Scribe } from './scribe.ts'
import { nodeName, openNodes } from './nodes.ts'
import { loadStore } from './store.ts'
import { openTrust, type Trust } from './trust.ts'

export interface Installation {
  readonly config: Config
  readonly clock: Clock
  readonly trust: Trust
  readonly store: Store
  readonly inventory: Inventory
  readonly enrich: Enricher
  readonly ingest: Ingest
  readonly schedule: Detection
  /** Hours to settle an incident, by level, as the inventory says it today. */
  readonly deadlines: () => { readonly [level: string]: number }
  /** Through which people act. */
  readonly cases: Cases
  /** Moves acts into the journal, in the process that holds its lease. */
  readonly scribe: Scribe
  /** What this process does. */
  readonly roles: ReadonlySet<ServerRole>
  /** How each source is, whichever process reads it. */
  status(): Promise<SourceStatus[]>
  /** What is wrong now, here and in the other processes, and with the store. */
  wrong(): Promise<{ code: string; message: string }[]>
  /** Tells the other processes how this one is. */
  publish(): Promise<void>
  /** Every rule, also those that are switched off. */
  readonly rules: readonly Rule[]
  /** All of them, as ingest judges by them. */
  readonly judging: Judging
  /** Reads the folder of rules again; rejects with what is wrong in it, and all stays as it is. */
  reload(): Promise<Changes>
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
  /** One that may be doubted, or any other. */
  readonly clock: Clock | (() => number)
  readonly demo?: boolean
  /** All of them, where it is not said. */
  readonly roles?: readonly ServerRole[]
  readonly warn: (message: string) => void
  /** ms that a commit waits for more lines, and between looks at files. */
  readonly wait?: number
  readonly most?: number
  /** Threads of the embedded store, where fewer than processors. */
  readonly threads?: number
  readonly poll?: number
}

/** Events that wait to be judged, from which on it is said. */
const MANY_OWED = 1000

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

interface RuleSetting {
  readonly enabled: boolean
  readonly [field: string]: unknown
}

/** What files say: the inventory, held to the sources, and the rules. */
const readStated = (config: Config): { inventory: Inventory; rules: readonly Rule[]; enrich: Enricher } => {
  const inventory = readInventory(config)
  for (const source of config.sources) {
    if (source.organization !== undefined && !inventory.agencies.some((agency) => agency.id === source.organization)) {
      throw new Error(
        `${config.file ?? 'configuration'}: source ${source.id}: organization "${source.organization}" is not in the inventory ${config.inventory ?? '(none is configured)'}`,
      )
    }
  }
  return {
    inventory,
    rules: loadRules(config.rules, LOGSOURCES),
    enrich: createEnricher({ inventory, geoip: openGeoIp(config.geoip) }),
  }
}

export const openInstallation = async (config: Config, options: InstallationOptions): Promise<Installation> => {
  const { warn } = options
  const clock = clockOf(options.clock)
  // A cluster is asked when all else is known to be right; the files of this machine are opened meanwhile.
  const open = await loadStore(config, options)
  const opening = config.store === 'duckdb' ? open() : undefined
  opening?.catch(() => {})
  let stated: { inventory: Inventory; rules: readonly Rule[]; enrich: Enricher }
  try {
    stated = readStated(config)
  } catch (error) {
    // What was mended is told once: the next start finds it mended.
    await opening
      ?.then((store) => {
        for (const sentence of store.repairs) warn(sentence)
        return store.close()
      })
      .catch(() => {})
    throw error
  }
  const { inventory, enrich } = stated
  const store = await (opening ?? open())
  const roles = new Set(options.roles ?? SERVER_ROLES)
  // The embedded store belongs to one process, so there are no others to hear of.
  const node = config.store === 'duckdb' ? undefined : nodeName(config.data)
  const nodes = node === undefined ? undefined : openNodes(store.documents, node, [...roles], clock)
  const problems = new Map<string, string>()
  const trust = await openTrust(clock, store, node ?? 'here', warn)
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
  const deadlines = () => resolveHours(inventory, clock())
  const cases = casesOf({ inventory, clock, deadlines }, store.documents)
  await upgradeCases(store, stated.rules, cases)
  const settings = store.documents.collection<RuleSetting>('rules')
  let off = new Set<string>()
  let lookedAt = -Infinity
  /** Another process may have switched one: asked for again every few seconds. */
  const readSettings = async () => {
    if (performance.now() - lookedAt < 5000) return
    const { items } = await settings.query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 10_000 })
    off = new Set(items.flatMap((item) => (item.doc.enabled ? [] : [item.id])))
    lookedAt = performance.now()
  }
  await readSettings()
  const book = await openRulebook(config.rules, store, stated.rules)
  const ingest = await createIngest({
    judging: book.judging(),
    store: store.events,
    sources: config.sources,
    spoolFolder: join(config.data, 'spool'),
    lease: store.lease,
    // A cluster takes smaller commits, and a row on its way to it is held whole: 2 KB.
    ...(config.store === 'elasticsearch' ? { most: 100_000 } : {}),
    ...(node === undefined ? {} : { node }),
    inventory,
    geoip: config.geoip,
    clock,
    warn,
    ...(options.poll === undefined ? {} : { poll: options.poll }),
  })
  const born = statSync(config.data)
  /** Whoever deletes the folder of a process that runs, or moves it away, takes what is accepted with it. */
  const lookAtFolder = () => {
    const now = statSync(config.data, { throwIfNoEntry: false })
    ingest.notices.set(
      'data',
      now?.ino === born.ino && now.dev === born.dev
        ? undefined
        : `the data folder ${config.data} was deleted or moved while the program runs: nothing that comes is kept; stop it, put the folder back, start it`,
    )
  }
  /** Nobody writes into the spool of a source that is not configured: it is looked at once. */
  let left: Promise<{ code: string; message: string }[]> | undefined
  /** One that failed, for the store was away, is no answer: it is looked at again. */
  const lookedAtLeft = () =>
    (left ??= lookAtLeft().catch(() => {
      left = undefined
      return []
    }))
  const lookAtLeft = async () => {
    const network = config.sources.filter(({ collect }) => collect.kind !== 'file').map(({ id }) => id)
    const found = await leftLines(ingest.spoolFolder, new Set([...network, UNKNOWN_SOURCE]), store.events, node ?? '')
    return found.map(({ source, lines, folder }) => ({
      code: `left-${source}`,
      message: `${counted(lines, 'line that was', 'lines that were')} accepted for source ${source} ${lines === 1 ? 'is' : 'are'} not in the store, for it is not configured any more: put it back into the configuration until that is read, or delete ${folder}`,
    }))
  }
  const failing = new Map<Rule, string>()
  const schedule = createDetection({
    store,
    cases,
    rules: async () => {
      await readSettings()
      return book.rules().filter((rule) => !off.has(rule.id))
    },
    report: (rule, error) => {
      if (error === undefined) failing.delete(rule)
      else {
        failing.set(rule, error)
        warn(`rule ${rule.id}: ${error}`)
      }
    },
    failed: (error) => {
      if (error === undefined) problems.delete('detection')
      else if (problems.get('detection') !== error) {
        problems.set('detection', error)
        warn(`detection: ${error}`)
      }
    },
  })
  const scribe = createScribe(store, cases, (error) => {
    if (error === undefined) problems.delete('journal')
    else if (problems.get('journal') !== error) {
      problems.set('journal', error)
      warn(`journal: ${error}`)
    }
  })
  /** Of events with long texts: rules that are too slow on them, and how many wait. */
  const owedSaid = () => {
    const owed = schedule.owed()
    if (!owed) return []
    const slow = [...owed.aside()].map(([id, n]) => ({
      code: `slow-${id}`,
      message: `rule ${id} took more than a second on each of ${n} events with texts longer than 8 KB: for an hour such events are not judged by it; name a text that has to be there, or a narrower expression`,
    }))
    const waiting = owed.waiting()
    return waiting > MANY_OWED
      ? [
          ...slow,
          { code: 'owed', message: `${waiting} events with texts longer than 8 KB wait to be judged by the rules` },
        ]
      : slow
  }
  const mine = () => {
    lookAtFolder()
    return [
      ...trust.said(),
      ...[...problems].map(([code, message]) => ({ code, message })),
      ...ingest.notices.said(),
      ...owedSaid(),
      // Of one that is switched off, or run by another process now, nothing is known here.
      ...[
        ...Map.groupBy(schedule.leads() ? [...failing].filter(([{ id }]) => !off.has(id)) : [], ([, error]) => error),
      ].map(([error, rules]) => ({
        code: `rule-${rules[0]![0].id}`,
        // What fails for many is not the fault of each.
        message: `${rules.length === 1 ? rules[0]![0].name.vi : `${rules.length} rules cannot be run`}: ${error}`,
      })),
    ]
  }
  const others = async () => (await nodes?.others()) ?? []
  /** One after the other. */
  let reloading: Promise<unknown> = Promise.resolve()
  return {
    config,
    clock,
    trust,
    store,
    inventory,
    enrich,
    ingest,
    schedule,
    deadlines,
    cases,
    scribe,
    roles,
    get rules() {
      return book.rules()
    },
    get judging() {
      return book.judging()
    },
    reload: () => {
      const mine = reloading
        .catch(() => {})
        // Who does not run the rules only judges by the new ones.
        .then(() => book.reload(roles.has('detect') ? schedule.change : (work) => work(), ingest.setJudging))
        .then((changes) => {
          failing.clear()
          return changes
        })
      reloading = mine
      return mine
    },
    status: async () =>
      mergeStatus([...(await ingest.status()), ...(await others()).flatMap(({ sources }) => sources)]),
    wrong: async () => [
      ...mine(),
      ...(await lookedAtLeft()),
      ...(await store.problems()).map((message, i) => ({ code: `store-now-${i}`, message })),
      ...(await others()).flatMap((other) =>
        other.problems.map(({ code, message }) => ({
          code: `${other.node}-${code}`,
          message: `${other.host}: ${message}`,
        })),
      ),
    ],
    publish: async () => {
      lookAtFolder()
      await trust.keep()
      await readSettings()
      await nodes?.publish({ sources: roles.has('ingest') ? await ingest.status() : [], problems: mine() })
    },
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
      await Promise.all([schedule.stop(), ingest.stop()])
      await scribe.stop()
      await briefly(() => nodes?.leave())
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
